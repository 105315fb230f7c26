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
_RSATOOLBOX = _RAW + "rsagroup/rsatoolbox/f1f83cadb7243492a1aae7460466e0f0140b20ac/demos/92imageData/"
_PYMVPA = _RAW + "PyMVPA/PyMVPA/20f0335f98bbb59a0e11bc0b7a469edf8681a9a1/mvpa2/data/"
_DABNEY = (
    _RAW + "dongjae-kim/efficient-coding-dist-rl/70e198096d6e0709e082ebccd05682a289ec5072/"
    "measured_neurons/dabney_matlab/"
)

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
    "kriegeskorte92/Kriegeskorte_Neuron2008_supplementalData.mat": PublicFile(
        "06f21214399a5d43dc264eed19a7f4b8daf11c8622a59eec3e106064ce5e3504",
        _RSATOOLBOX + "Kriegeskorte_Neuron2008_supplementalData.mat",
        "MIT for the repository; none stated for the data",
    ),
    "kriegeskorte92/92_brainRDMs.mat": PublicFile(
        "1743f90a15e895798a94318649e80e1123a7e5943a1703fa1dd7c31ea5780b7c",
        _RSATOOLBOX + "92_brainRDMs.mat",
        "MIT for the repository; none stated for the data",
    ),
    "kriegeskorte92/92_behavRDMs.mat": PublicFile(
        "7a8e118c144c3840adeeeef6ea0706a0be2b3e80df719af15fbb56fc62562f5f",
        _RSATOOLBOX + "92_behavRDMs.mat",
        "MIT for the repository; none stated for the data",
    ),
    "kriegeskorte92/92_modelRDMs.mat": PublicFile(
        "e1d2b58bb2f9508bc13da4c81b94d1ab07823b25ed30b9563bd9d6d730c2a00a",
        _RSATOOLBOX + "92_modelRDMs.mat",
        "MIT for the repository; none stated for the data",
    ),
    "kriegeskorte92/rdm92_V1model.mat": PublicFile(
        "4efc3291a5c85943c5f6ea3d05daedbf232b6dbd263104e8e5b5de38be6be8b1",
        _RSATOOLBOX + "rdm92_V1model.mat",
        "MIT for the repository; none stated for the data",
    ),
    "haxby_slice/bold.nii.gz": PublicFile(
        "cbbd4d07803caaa9f77381af24e790cf77058664a128bd514a4c1668eefb92d7",
        _PYMVPA + "bold.nii.gz",
        "MIT",
    ),
    "haxby_slice/attributes.txt": PublicFile(
        "a252fa822cd1cec9e1192b139d7b5e35a5615dbe75598f73d4cf1b803aae62b0",
        _PYMVPA + "attributes.txt",
        "MIT",
    ),
    "haxby_slice/mask.nii.gz": PublicFile(
        "8d879d35aaeee3afddfb69a7e1b8dd2b3be446671452d7e841dc6588845f2877",
        _PYMVPA + "mask.nii.gz",
        "MIT",
    ),
    "dopamine_dabney2020/dabney_fit.mat": PublicFile(
        "38bb8423971510e13a43b7e60648c6271f93d471736eff1ecd35ed1d2907ea50",
        _DABNEY + "dabney_fit.mat",
        "none stated",
    ),
}
