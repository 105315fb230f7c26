"""The public data files that labs use: each named once, with its hash, its address and its licence."""

from typing import NamedTuple


class PublicFile(NamedTuple):
    """sha256 of the file, where the public copy lies, and under which licence."""

    sha256: str
    url: str
    licence: str


_RAW = "https://raw.githubusercontent.com/"
_EXAMPLES = _RAW + "pytorch/examples/77f55b912142e11fcfdf5b530231fb9c52f181e8/word_language_model/data/"
_CHAR_RNN = _RAW + "karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/"
_ETHICS = _RAW + "EleutherAI/gpt-neox/49e7b2c7ac5ab67b89400dff7cc9d1cc40bc9422/data/ethics/"
_MORALCHOICE = _RAW + "ninodimontalcino/moralchoice/9f1dbced7ecf70e334af9a88c3d93be5af0f37b8/data/"
_TRUTHFULQA = (
    _RAW + "benedictflorance/truthfulqa_experiments/6fdfd38288e86296582a584694df5cf43d1f634a/datasets/"
)
_HH_RLHF = _RAW + "anthropics/hh-rlhf/354e5c3cb8960630860dd5774a6ac2a58313bf4d/"
_NLTK = _RAW + "nltk/nltk_data/5db857e6f7df11eabb5e5665836db9ec8df07e28/packages/corpora/"

FILES = {
    "corpora/wikitext2_valid.txt": PublicFile(
        "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
        _EXAMPLES + "wikitext-2/valid.txt",
        "CC BY-SA",
    ),
    "corpora/wikitext2_test.txt": PublicFile(
        "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
        _EXAMPLES + "wikitext-2/test.txt",
        "CC BY-SA",
    ),
    "corpora/tinyshakespeare.txt": PublicFile(
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        _CHAR_RNN + "tinyshakespeare/input.txt",
        "public domain",
    ),
    "ethics/util_train.csv": PublicFile(
        "5779d8f89788a687f30ee8930ebcaf4a272e6917f59f98bbf1550a4963e58b69",
        _ETHICS + "utilitarianism/util_train.csv",
        "MIT",
    ),
    "ethics/util_test.csv": PublicFile(
        "e44bc24dd488696b64e515403efdefd36d89a6d71868b64a5261f035116ec850",
        _ETHICS + "utilitarianism/util_test.csv",
        "MIT",
    ),
    "ethics/util_test_hard.csv": PublicFile(
        "5b6cd41d9ee7ea621516f1cf271c7c2b3ac640cd0d7da91b8177aa3944c85861",
        _ETHICS + "utilitarianism/util_test_hard.csv",
        "MIT",
    ),
    "ethics/justice_train.csv": PublicFile(
        "175c8255f5ee3d99ad381cd716473367274dc24b3832d5e3357f37f1779a7d3f",
        _ETHICS + "justice/justice_train.csv",
        "MIT",
    ),
    "ethics/justice_test.csv": PublicFile(
        "d7cc506a1055915d455a9244b26de573c75a760d416a8508a9420d41cbf40250",
        _ETHICS + "justice/justice_test.csv",
        "MIT",
    ),
    "moralchoice/moralchoice_low_ambiguity.csv": PublicFile(
        "8ae5656df6578416db16ad9e0b8e7235f4f48199d08cddd1bf632bf6aa439066",
        _MORALCHOICE + "scenarios/moralchoice_low_ambiguity.csv",
        "MIT",
    ),
    "truthfulqa/TruthfulQA.csv": PublicFile(
        "99d6ae7755e3b435eade956068c9de7c0c474770344237aeb66b56519ba4b697",
        _TRUTHFULQA + "datasets/TruthfulQA.csv",
        "Apache 2.0",
    ),
    "hh_rlhf/harmless-base_test.jsonl.gz": PublicFile(
        "ebfaaed21162a4de120ae85366075b34425e2a6303fac59b99555002f7016f03",
        _HH_RLHF + "harmless-base/test.jsonl.gz",
        "MIT",
    ),
    "nltk/sentence_polarity.zip": PublicFile(
        "6e1ed4405b65c7eabf1d199a7f7c437091ac21da0ea7467b410a74062574566b",
        _NLTK + "sentence_polarity.zip",
        "CC BY 4.0",
    ),
}
