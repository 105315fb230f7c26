"""utils.sae, text, browser and subjects: oracles, fast equals naive, planted truth, bad input."""

import html.parser
import re

import pytest
import torch
import torch.nn.functional as F

from utils import text
from utils.browser import Context, Latent, browser_html
from utils.metrics import fvu, mmcs
from utils.sae import TopKSAE, train
from utils.subjects import centre_writing_weights, unembedding


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def sae() -> TopKSAE:
    sae = TopKSAE(d_in=12, d_sae=40, k=5, generator=rng())
    with torch.no_grad():
        for parameter, seed in ((sae.W_enc, 1), (sae.b_enc, 2), (sae.b_dec, 3)):
            parameter += 0.3 * torch.randn(parameter.shape, generator=rng(seed))
    return sae


# --- oracle: sae-lens ---------------------------------------------------------------------------------


def test_latents_and_reconstruction_equal_sae_lens(sae):
    topk_sae = pytest.importorskip("sae_lens.saes.topk_sae")
    config = topk_sae.TopKSAEConfig(d_in=12, d_sae=40, k=5, apply_b_dec_to_input=True)
    oracle = topk_sae.TopKSAE(config)
    oracle.load_state_dict(
        {name: value.detach().contiguous() for name, value in sae.state_dict().items()}, strict=False
    )
    x = torch.randn(64, 12, generator=rng(4))
    torch.testing.assert_close(sae.encode(x), oracle.encode(x))
    torch.testing.assert_close(sae(x), oracle(x))


# --- fast equals naive --------------------------------------------------------------------------------


def test_forward_equals_decode_of_encode(sae):
    x = torch.randn(2, 7, 12, generator=rng(5))
    torch.testing.assert_close(sae(x), sae.decode(sae.encode(x)))


def test_latents_are_sparse_and_not_negative(sae):
    latents = sae.encode(torch.randn(50, 12, generator=rng(6)) - 2)
    assert (latents >= 0).all()
    assert ((latents > 0).sum(-1) <= 5).all()


def test_sparse_gradients_equal_those_of_dense_autograd(sae):
    x = torch.randn(33, 12, generator=rng(7), dtype=torch.float64)
    sae.double()
    gradients = []
    for reconstruct in (sae, lambda x: sae.decode(sae.encode(x))):
        sae.zero_grad()
        leaf = x.clone().requires_grad_()
        (reconstruct(leaf) - x.sin()).square().sum().backward()
        gradients.append([leaf.grad, *[parameter.grad.clone() for parameter in sae.parameters()]])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_latent_that_is_never_active_gets_no_gradient(sae):
    with torch.no_grad():
        sae.b_enc[3] = -1e6
    sae(torch.randn(33, 12, generator=rng(8))).square().sum().backward()
    assert sae.W_dec.grad[3].abs().sum() == 0
    assert sae.W_enc.grad[:, 3].abs().sum() == 0


def test_low_precision_of_the_encoder_changes_the_reconstruction_little(sae):
    x = torch.randn(200, 12, generator=rng(9))
    assert fvu(sae(x).detach(), sae(x, torch.bfloat16).detach()) < 0.05


# --- limiting case ------------------------------------------------------------------------------------


def test_scaling_x_and_biases_scales_everything(sae):
    x = torch.randn(20, 12, generator=rng(10))
    latents, x_hat = sae.encode(x), sae(x)
    with torch.no_grad():
        sae.b_enc *= 7
        sae.b_dec *= 7
    torch.testing.assert_close(sae.encode(7 * x), 7 * latents)
    torch.testing.assert_close(sae(7 * x), 7 * x_hat)


def test_with_all_latents_and_both_signs_nothing_is_lost():
    sae = TopKSAE(6, 12, 12, rng())
    with torch.no_grad():
        sae.W_dec.copy_(torch.cat([torch.eye(6), -torch.eye(6)]))
        sae.W_enc.copy_(sae.W_dec.T)
    x = torch.randn(30, 6, generator=rng(11))
    torch.testing.assert_close(sae(x), x)


# --- recovery of planted truth ------------------------------------------------------------------------


def planted(n: int, seed: int, n_features: int = 48, d_in: int = 24, active: int = 3, scale: float = 50.0):
    features = F.normalize(torch.randn(n_features, d_in, generator=rng(seed)), dim=1)
    who = torch.rand(n, n_features, generator=rng(seed + 1)).topk(active, dim=1).indices
    size = 0.5 + torch.rand(n, active, generator=rng(seed + 2))
    return features, scale * torch.einsum("na,nad->nd", size, features[who]) + 20


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_planted_dictionary_is_recovered(dtype):
    features, x = planted(20_000, seed=20)
    sae = TopKSAE(24, 96, 3, rng(21))
    at_random = mmcs(sae.W_dec.detach(), features).recall
    history = train(sae, x, num_steps=800, generator=rng(22), batch_size=512, lr=3e-3, dtype=dtype)
    found = mmcs(sae.W_dec.detach(), features).recall
    assert found > 0.95
    assert found > at_random + 0.3
    assert fvu(x, sae(x).detach()) < 0.1
    assert history.fvu[-1] < history.fvu[0]
    torch.testing.assert_close(sae.W_dec.norm(dim=1), torch.ones(96))


def test_history_states_the_fvu_of_x(sae):
    x = torch.randn(4096, 12, generator=rng(23)) * 30 + 5
    history = train(sae, x, num_steps=60, generator=rng(24), batch_size=512)
    assert history.step == [50, 60]
    assert history.fvu[-1] == pytest.approx(fvu(x, sae(x).detach()).item(), rel=0.2)


def test_dead_latents_are_revived():
    _, x = planted(5000, seed=25)
    dead = {}
    for until in (0.0, 0.8):
        sae = TopKSAE(24, 96, 3, rng(26))
        with torch.no_grad():
            sae.b_enc[:48] = -1e4  # half of the latents can never fire
        dead[until] = train(sae, x, 400, rng(27), batch_size=256, lr=3e-3, revive_until=until).dead[-1]
    assert dead[0.0] >= 0.5
    assert dead[0.8] < 0.1


def test_the_same_seed_gives_the_same_autoencoder():
    _, x = planted(2000, seed=28)
    runs = []
    for _ in range(2):
        sae = TopKSAE(24, 32, 3, rng(29))
        train(sae, x, 20, rng(30), batch_size=256)
        runs.append(sae.W_dec.detach())
    torch.testing.assert_close(*runs)


# --- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((8, 16, 17), "k is 17"),
        ((8, 16, 0), "k is 0"),
        ((0, 16, 1), "d_in and d_sae are 0"),
        ((8, 0, 1), "are 8 and 0"),
    ],
)
def test_impossible_sizes(arguments, message):
    with pytest.raises(ValueError, match=message):
        TopKSAE(*arguments)


@pytest.mark.parametrize("method", ["encode", "decode", "active", "forward"])
def test_wrong_width_and_nan_are_named(sae, method):
    width = 40 if method == "decode" else 12
    name = "latents" if method == "decode" else "x"
    with pytest.raises(ValueError, match=rf"{name} has shape \(3, 5\)"):
        getattr(sae, method)(torch.zeros(3, 5))
    with pytest.raises(ValueError, match=rf"{name} holds 2 values that are NaN"):
        getattr(sae, method)(torch.full((1, width), 0.0).index_fill(1, torch.tensor([0, 2]), float("nan")))
    with pytest.raises(ValueError, match="not empty"):
        getattr(sae, method)(torch.zeros(0, width))


def test_training_refuses_bad_data(sae):
    good = torch.randn(100, 12, generator=rng(31))
    for x, message in (
        (good[:, :5], r"x has shape \(100, 5\)"),
        (good.clone().index_fill(0, torch.tensor([3]), float("nan")), "x holds 12 values"),
        (good.clone().index_fill(0, torch.tensor([3]), float("inf")), "x holds 12 values"),
        (good[:20], "at least 64 samples"),
        (good[:1].expand(100, 12), "does not vary"),
    ):
        with pytest.raises(ValueError, match=message):
            train(sae, x, 1, rng(), batch_size=64)


# --- text ---------------------------------------------------------------------------------------------


class Letters:
    """A tokenizer of single characters."""

    def get_vocab(self):
        return {text.MARKER: 0}

    def convert_tokens_to_ids(self, token):
        return self.get_vocab()[token]

    def __call__(self, string, **_):
        return type("Encoding", (), {"input_ids": [ord(c) for c in string]})


def test_spelling_is_restored():
    spaced = "It costs 5 @.@ 4 , or 1 @,@ 000 ( red @-@ tipped ) ; he did n't say \" no \" : it 's 3 – 4 %."
    assert text.detokenise(spaced) == "It costs 5.4, or 1,000 (red-tipped); he didn't say \"no\": it's 3–4%."


def test_pieces_are_equal_cut_from_one_text_each_and_marked():
    cut = text.pieces(Letters(), ["abcdefg", "hi", "jklm"], length=4)
    assert cut.input_ids.shape == (3, 4)
    assert (cut.input_ids[:, 0] == 0).all()
    assert ["".join(map(chr, row[1:])) for row in cut.input_ids.tolist()] == ["abc", "def", "jkl"]
    assert cut.document.tolist() == [0, 0, 2]


@pytest.mark.parametrize(
    ("texts", "length", "message"),
    [
        ([], 4, "at least one text"),
        (["abc", "  "], 4, "no empty ones"),
        (["ab"], 4, "shorter"),
        (["abc"], 1, "length is 1"),
    ],
)
def test_pieces_refuse_what_they_cannot_cut(texts, length, message):
    with pytest.raises(ValueError, match=message):
        text.pieces(Letters(), texts, length)


def test_a_tokenizer_without_the_marker_is_refused():
    tokenizer = Letters()
    tokenizer.get_vocab = dict
    with pytest.raises(ValueError, match="no token"):
        text.pieces(tokenizer, ["abcd"], 3)


def test_without_the_corpus_docstrings_are_used_and_one_sentence_says_so(monkeypatch, capsys):
    def missing(name):
        raise text.Missing(f"{name} could not be fetched")

    monkeypatch.setattr(text, "fetch", missing)
    found = text.documents()
    printed = capsys.readouterr().out
    assert len(found) > 100
    assert min(map(len, found)) >= 1500
    assert "docstrings" in printed
    assert "could not be fetched" in printed
    assert printed.count("\n") == 1


def test_sentences_with_many_unknown_words_are_dropped(monkeypatch, tmp_path):
    prose = "One <unk> here . Two <unk> and <unk> here . None at all ."
    corpus = f" \n = A title = \n \n {prose} \n \n = = Part = = \n \n More . \n"
    path = tmp_path / "corpus.txt"
    path.write_text(corpus)
    monkeypatch.setattr(text, "fetch", lambda name: path)
    assert text.wikitext_articles() == ["One X here. None at all. More."] * 2
    assert text.wikitext_articles(max_unknown=0) == ["None at all. More."] * 2


# --- browser ------------------------------------------------------------------------------------------


def latent(token: str) -> Latent:
    return Latent(7, token, 0.01, [token], [token], [Context([token, "b"], [2.0, 0.0])])


class Collector(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.labels = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.labels += [attributes["for"]] if "for" in attributes else []
        assert not any(name.startswith("on") for name in attributes)


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</details>&amp;", "a\u202eb"]
)
def test_all_text_in_the_browser_is_escaped(evil):
    harmless, page = Collector(), Collector()
    harmless.feed(browser_html([latent("word")], "A label"))
    page.feed(browser_html([latent(evil)], evil))
    assert page.tags == harmless.tags
    assert "\u202e" not in browser_html([latent(evil)], "label")


def test_the_browser_is_labelled_and_needs_no_network():
    source = browser_html([latent("a"), latent("b")], "A label")
    page = Collector()
    page.feed(source)
    assert page.labels == [page.ids[1]]
    assert page.tags.count("details") == page.tags.count("summary") == 2
    assert not re.search(r"https?:|src=|@import|url\(", source)


def test_the_browser_refuses_what_it_cannot_show():
    with pytest.raises(ValueError, match="at least one latent"):
        browser_html([], "label")
    with pytest.raises(ValueError, match="label"):
        browser_html([latent("a")], " ")
    with pytest.raises(ValueError, match="2 tokens and 1 activations"):
        browser_html([latent("a")._replace(contexts=[Context(["a", "b"], [1.0])])], "label")


# --- full scale's subject, without its weights --------------------------------------------------------


def test_centring_the_writing_weights_of_gpt2_changes_no_output():
    from transformers import GPT2Config, GPT2LMHeadModel

    from utils.activations import resid_post, run_with_cache

    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=97, n_positions=32, n_embd=24, n_layer=3, n_head=4)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0.1, 0.3)
    ids = torch.randint(97, (2, 11), generator=rng(40))
    before = model(ids).logits.detach()
    centre_writing_weights(model)
    torch.testing.assert_close(model(ids).logits, before, rtol=1e-4, atol=1e-4)
    stream = run_with_cache(model, ids, [1])[resid_post(1)]
    assert stream.mean(-1).abs().max() < 1e-5
    assert unembedding(model).shape == (97, 24)
