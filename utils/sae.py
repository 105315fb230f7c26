"""A sparse autoencoder that keeps the k largest latents, and its training.

    latents = TopK(W_encᵀ (x - b_dec) + b_enc)        x̂ = W_decᵀ latents + b_dec

TopK sets all but the k largest entries of a row to zero, and those of the k that are negative as well, so
a latent is never negative (Gao et al. 2024; sae-lens does the same).
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from tqdm import tqdm


class TopKSAE(nn.Module):
    """latents = TopK(W_encᵀ (x - b_dec) + b_enc);  x̂ = W_decᵀ latents + b_dec

    W_enc (d_in, d_sae), b_enc (d_sae,), W_dec (d_sae, d_in), b_dec (d_in,). The rows of W_dec start as random
    unit vectors and W_enc as its transpose.

    k:         how many latents may be active at once
    generator: where the random rows come from
    Raises ValueError for widths below 1 or k outside 1..d_sae.
    """

    def __init__(self, d_in: int, d_sae: int, k: int, generator: torch.Generator | None = None, device="cpu"):
        super().__init__()
        if d_in < 1 or d_sae < 1:
            raise ValueError(f"d_in and d_sae are {d_in} and {d_sae}, expected at least 1")
        if not 1 <= k <= d_sae:
            raise ValueError(f"k is {k}, expected between 1 and d_sae = {d_sae}")
        self.k = k
        where = generator.device if generator is not None else device
        rows = F.normalize(torch.randn(d_sae, d_in, generator=generator, device=where), dim=1).to(device)
        self.W_enc = nn.Parameter(rows.clone().T)
        self.b_enc = nn.Parameter(torch.zeros(d_sae, device=device))
        self.W_dec = nn.Parameter(rows)
        self.b_dec = nn.Parameter(torch.zeros(d_in, device=device))

    def encode(self, x: Float[Tensor, "... d_in"]) -> Float[Tensor, "... d_sae"]:
        """The latents of x, at most k of them above zero. Raises ValueError for a wrong width or NaN."""
        values, indices = self.active(x)
        return x.new_zeros(*x.shape[:-1], self.W_enc.shape[1], dtype=values.dtype).scatter(
            -1, indices, values
        )

    def decode(self, latents: Float[Tensor, "... d_sae"]) -> Float[Tensor, "... d_in"]:
        """x̂ from all latents, as one matrix product. Raises ValueError for a wrong width or NaN."""
        _check(latents, "latents", self.W_dec.shape[0], "d_sae")
        return latents @ self.W_dec + self.b_dec

    def active(self, x: Float[Tensor, "... d_in"]) -> tuple[Float[Tensor, "... k"], Int[Tensor, "... k"]]:
        """The k largest latents of x, in no order, and their numbers. Raises ValueError as `encode` does."""
        _check(x, "x", self.W_enc.shape[0], "d_in")
        return _largest((x - self.b_dec) @ self.W_enc + self.b_enc, self.k)

    def forward(
        self, x: Float[Tensor, "... d_in"], dtype: torch.dtype | None = None
    ) -> Float[Tensor, "... d_in"]:
        """x̂ = decode(encode(x)), touching on a CPU only the k rows of W_dec that are active.

        dtype: the precision of the encoder's product, default that of x
        Raises ValueError for a wrong width or NaN.
        """
        _check(x, "x", self.W_enc.shape[0], "d_in")
        if x.device.type == "cpu":
            flat = _SparseReconstruction.apply(
                x.flatten(0, -2), self.W_enc, self.b_enc, self.W_dec, self.b_dec, self.k, dtype or x.dtype
            )
            return flat.view_as(x)
        with torch.autocast(x.device.type, dtype=dtype, enabled=dtype not in (None, torch.float32)):
            return self.decode(self.encode(x))  # a GPU multiplies the zeros faster than it gathers rows


def _check(value: Tensor, name: str, width: int, width_name: str) -> None:
    if value.ndim < 1 or value.shape[-1] != width or value.numel() == 0:
        raise ValueError(
            f"{name} has shape {tuple(value.shape)}, expected (..., {width_name} = {width}), not empty"
        )
    # One sum is NaN or infinite if any entry is; entry by entry only to say how many.
    if not value.sum(dtype=torch.float64).isfinite() and not value.isfinite().all():
        raise ValueError(f"{name} holds {int((~value.isfinite()).sum())} values that are NaN or infinite")


def _largest(pre: Float[Tensor, "... d_sae"], k: int) -> tuple[Tensor, Tensor]:
    values, indices = pre.topk(k, dim=-1, sorted=False)
    return values.relu(), indices


def _weighted_rows(
    values: Float[Tensor, "batch k"], indices: Int[Tensor, "batch k"], table: Tensor
) -> Tensor:
    """Row b of the result is Σ_j values_bj · table[indices_bj]."""
    return F.embedding_bag(indices, table, per_sample_weights=values, mode="sum")


class _Transposed(NamedTuple):
    """`indices` (batch, k) read the other way round: for each latent, where it is active.

    order:  places in the flattened indices, those of latent 0 first
    starts: where in `order` each latent begins
    """

    order: Int[Tensor, "batch*k"]
    starts: Int[Tensor, "d_sae"]
    k: int

    @classmethod
    def of(cls, indices: Int[Tensor, "batch k"], d_sae: int) -> "_Transposed":
        flat = indices.flatten()
        return cls(flat.argsort(), F.pad(flat.bincount(minlength=d_sae).cumsum(0), (1, -1)), indices.shape[1])

    def weighted_rows(self, values: Float[Tensor, "batch k"], rows: Float[Tensor, "batch d"]) -> Tensor:
        """Row i of the result is the sum of values_bj · rows_b over all b, j with indices_bj = i."""
        weights = values.flatten()[self.order]
        return F.embedding_bag(
            self.order // self.k, rows, self.starts, per_sample_weights=weights, mode="sum"
        )


class _SparseReconstruction(torch.autograd.Function):
    """x̂ and its gradients; only the encoder's product W_encᵀ(x - b_dec) costs d_in · d_sae a sample."""

    @staticmethod
    def forward(ctx, x, W_enc, b_enc, W_dec, b_dec, k, dtype):
        centred = x - b_dec
        values, indices = _largest(torch.addmm(b_enc.to(dtype), centred.to(dtype), W_enc.to(dtype)), k)
        values = values.to(W_dec.dtype)
        ctx.save_for_backward(centred, values, indices, W_enc, W_dec)
        return _weighted_rows(values, indices, W_dec) + b_dec

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        centred, values, indices, W_enc, W_dec = ctx.saved_tensors
        with (
            torch.enable_grad()
        ):  # ∂x̂_b/∂values_bj · grad_b = W_dec[indices_bj] · grad_b, without a dense product
            leaf = values.detach().requires_grad_()
            (into,) = torch.autograd.grad(
                _weighted_rows(leaf, indices, W_dec.detach()), leaf, grad.contiguous()
            )
        into = into * (values > 0)
        transposed = _Transposed.of(indices, len(W_dec))
        grad_W_dec = transposed.weighted_rows(values, grad.contiguous())
        grad_W_enc = transposed.weighted_rows(into, centred).T
        grad_b_enc = torch.zeros_like(W_dec[:, 0]).index_add_(0, indices.flatten(), into.flatten())
        grad_b_dec = grad.sum(0) - W_enc @ grad_b_enc
        grad_x = _weighted_rows(into, indices, W_enc.T.contiguous()) if ctx.needs_input_grad[0] else None
        return grad_x, grad_W_enc, grad_b_enc, grad_W_dec, grad_b_dec, None, None


class History(NamedTuple):
    """What `train` records, one entry each `log_every` steps.

    step: how many steps had been taken
    fvu:  of the batch: its mean ‖x - x̂‖² over the variance of x (estimated from at most 100,000 samples)
    dead: share of the latents that no sample has fired since the last entry
    """

    step: list[int]
    fvu: list[float]
    dead: list[float]


def train(
    sae: TopKSAE,
    x: Float[Tensor, "sample d_in"],
    num_steps: int,
    generator: torch.Generator,
    batch_size: int = 2048,
    lr: float = 1e-3,
    dtype: torch.dtype = torch.float32,
    revive_until: float = 0.5,
    log_every: int = 50,
) -> History:
    """Minimise ‖x - x̂‖² with Adam, the rows of W_dec held at length 1, and revive latents that have died.

    x:            activations, kept on their device; batches are drawn without replacement, epoch after epoch
    generator:    orders the samples and chooses where dead latents are revived
    lr:           the peak; it rises over the first 5% of the steps and falls to zero over the last 20%
    dtype:        precision of the encoder's product, see `runtime.matmul_dtype`
    revive_until: the part of the training in which, every `log_every` steps, each latent that has not fired
                  since is pointed at the error of a random sample (Bricken et al. 2023); 0 switches it off

    The map is homogeneous: scaling x, b_enc and b_dec by one number scales the latents and x̂ by it. So
    training runs on x scaled to a variance of 1, which fits Adam's step, and the biases are scaled back at
    the end. b_dec starts at the mean of x.
    Raises ValueError if x has the wrong width, holds NaN, does not vary or has fewer rows than a batch.
    """
    _check(x, "x", sae.W_enc.shape[0], "d_in")
    if x.ndim != 2 or len(x) < batch_size:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, expected (samples, d_in) with at least {batch_size} samples"
        )
    sample = x[:: len(x) // 100_000 + 1].float()
    mean, variance = sample.mean(0), sample.var(0).sum().item()
    if not variance > 0:
        raise ValueError("x does not vary, so there is nothing to learn")
    scale = math.sqrt(variance / x.shape[1])
    with torch.no_grad():
        sae.b_dec.copy_(mean)
        sae.b_dec /= scale
        sae.b_enc /= scale
    optimiser = torch.optim.Adam(sae.parameters(), lr=lr, betas=(0.9, 0.999), fused=True)
    warm, cool = max(1, num_steps // 20), max(1, num_steps // 5)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / warm, (num_steps - step) / cool)
    )
    history, fired = History([], [], []), torch.zeros_like(sae.b_enc, dtype=torch.bool)
    bar = tqdm(range(1, num_steps + 1), desc="TopK SAE", leave=False, disable=None)
    for step, rows in zip(bar, _batches(len(x), batch_size, generator), strict=False):
        batch = x[rows.to(x.device)].to(sae.b_dec.device, torch.float32) / scale
        x_hat = sae(batch, dtype)
        loss = (batch - x_hat).square().sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            sae.W_dec /= sae.W_dec.norm(dim=1, keepdim=True)
            fired |= sae.b_enc.grad != 0
        if step % log_every == 0 or step == num_steps:
            history.step.append(step)
            history.fvu.append(loss.item() / x.shape[1])
            history.dead.append((~fired).float().mean().item())
            bar.set_postfix(fvu=f"{history.fvu[-1]:.3f}", dead=f"{history.dead[-1]:.3f}")
            if step < revive_until * num_steps:
                _revive(sae, optimiser, ~fired, batch - x_hat.detach(), generator)
            fired.zero_()
    with torch.no_grad():
        sae.b_enc *= scale
        sae.b_dec *= scale
    return history


def _batches(n: int, batch_size: int, generator: torch.Generator):
    while True:
        order = torch.randperm(n, generator=generator, device=generator.device)
        yield from order[: n - n % batch_size].view(-1, batch_size)


@torch.no_grad()
def _revive(sae: TopKSAE, optimiser, dead: Tensor, error: Float[Tensor, "batch d_in"], generator) -> None:
    count = int(dead.sum())
    if not count:
        return
    picks = torch.multinomial(
        error.norm(dim=1).to(generator.device), count, replacement=True, generator=generator
    )
    rows = F.normalize(error[picks.to(error.device)], dim=1)
    sae.W_dec[dead] = rows
    sae.W_enc[:, dead] = rows.T
    sae.b_enc[dead] = 0
    for parameter, columns in ((sae.W_dec, False), (sae.W_enc, True), (sae.b_enc, False)):
        for moment in ("exp_avg", "exp_avg_sq"):
            state = optimiser.state[parameter][moment]
            (state.T if columns else state)[dead] = 0
