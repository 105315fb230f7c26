"""Policy-gradient training on the pendulum, in steps a second: ours against stable-baselines3's PPO.

    python tests/benchmarks/policy_gradient.py

Both run PPO with the same networks, environments, batch, epochs and minibatch, in one process on one thread;
they take turns, and the best of a few runs counts. Ours is the lab's own `ppo`, on tensors, for one agent and
for several at once; stable-baselines3 steps Gymnasium's Pendulum-v1. Goal: 5 times. After that, the time from
nothing to a balanced pendulum that was learned from comparisons, by exact control and by PPO.

stable-baselines3 is no dependency of the book, and its newest release asks for an older gymnasium than works
with it. To have it for one run without touching the environment:

    pip install --no-deps --target FOLDER stable-baselines3 cloudpickle
    PYTHONPATH=FOLDER python tests/benchmarks/policy_gradient.py
"""

import os
import platform
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from utils import pendulum
from utils.definitions import definitions

lab = definitions("goals/rlhf_control")
NUM_ENVS, NUM_STEPS, EPOCHS, UPDATES, REPEATS = 16, 200, 10, 2, 3
# width of the two hidden layers, minibatch: the lab's, wider networks, and stable-baselines3's own defaults
SIZES = [(32, 320), (64, 320), (64, 64)]


def ours(agents: int):
    def train(hidden: int, minibatch: int) -> int:
        taken = UPDATES * NUM_ENVS * NUM_STEPS
        generator = torch.Generator().manual_seed(0)
        several = lab.Agents(agents, hidden, generator)
        lab.ppo(pendulum.true_reward, several, taken, generator, NUM_ENVS, NUM_STEPS, EPOCHS, minibatch)
        return agents * taken

    return train


def stable_baselines3(hidden: int, minibatch: int) -> int:
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    env = make_vec_env("Pendulum-v1", n_envs=NUM_ENVS, seed=0)
    model = PPO(
        "MlpPolicy",
        env,
        n_steps=NUM_STEPS,
        batch_size=minibatch,
        n_epochs=EPOCHS,
        gamma=0.98,
        gae_lambda=0.95,
        learning_rate=1e-3,
        policy_kwargs={"net_arch": [hidden, hidden], "activation_fn": torch.nn.SiLU},
        device="cpu",
        seed=0,
    )
    taken = UPDATES * NUM_ENVS * NUM_STEPS
    model.learn(taken)
    return taken


def compare(rivals: dict, *size) -> dict[str, float | str]:
    """The best speed of each in steps a second, or why there is none; they take turns."""
    best = dict.fromkeys(rivals, 0.0)
    for _ in range(REPEATS):
        for name, train in rivals.items():
            if isinstance(best[name], float):
                try:
                    started = time.perf_counter()
                    best[name] = max(best[name], train(*size) / (time.perf_counter() - started))
                except ModuleNotFoundError as error:
                    best[name] = f"not installed ({error.name})"
    return best


def from_nothing(num_labels: int) -> tuple[float, float, float]:
    """Seconds, score and held angle of one pendulum taught by so many comparisons and controlled exactly."""
    started = time.perf_counter()
    sizes = {"num_envs": 64, "hidden": 16, "num_steps": 300, "num_starts": 256}
    space = lab.teach.__globals__  # what the lab's cells would have set
    space["run"] = SimpleNamespace(
        sizes=SimpleNamespace(**sizes), device=torch.device("cpu"), generator=torch.Generator().manual_seed
    )
    space["grid"] = pendulum.make_grid(80, 61, 7)
    space["theta"], space["omega"] = pendulum.start_states(256, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    loose = pendulum.rollout(pendulum.uniform_policy(generator), space["theta"], space["omega"])
    reward = pendulum.true_reward(*space["grid"].states())
    best = pendulum.greedy(space["grid"], pendulum.value_iteration(space["grid"], reward, num_sweeps=300))
    space["R_random"] = pendulum.mean_return(loose).mean()
    space["R_true"] = pendulum.mean_return(pendulum.rollout(best, space["theta"], space["omega"])).mean()
    space["unseen"] = lab.segments(pendulum.uniform_policy(generator), 1, generator)[0].unflatten(0, (2, -1))
    taught = lab.teach(torch.tensor([True]), (num_labels // 4, num_labels), seed=2)
    score, held, _ = taught.rounds[-1]
    return time.perf_counter() - started, score.item(), held.item()


def main() -> None:
    torch.set_num_threads(1)
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"{platform.machine()}, one thread of {os.cpu_count()}, load {load}, torch {torch.__version__}")
    print(
        f"{NUM_ENVS} environments × {NUM_STEPS} steps an update, {EPOCHS} epochs, two hidden layers; "
        f"best of {REPEATS} runs of {UPDATES} updates\n"
    )
    rivals = {"stable-baselines3": stable_baselines3}
    rivals |= {f"ours, agents: {agents}": ours(agents) for agents in (1, 5, 15)}
    print(f"{'hidden':>8s}{'minibatch':>11s}  {'':20s}{'steps/s':>10s}{'ours is':>10s}")
    for size in SIZES:
        speeds = compare(rivals, *size)
        theirs = speeds["stable-baselines3"]
        for name, speed in speeds.items():
            shown = f"{speed:10,.0f}" if isinstance(speed, float) else f"  {speed}"
            ratio = (
                f"{speed / theirs:9.1f}x" if isinstance(speed, float) and isinstance(theirs, float) else ""
            )
            print(f"{size[0]:8d}{size[1]:11d}  {name:20s}{shown}{ratio}", flush=True)
    print("\nfrom nothing to a pendulum that was taught by comparisons and is controlled exactly")
    for labels in (100, 200, 700):
        seconds, score, held = from_nothing(labels)
        print(f"{labels:6d} labels{seconds:8.1f} s   score {score:.3f}   held at {held:.1f} degrees")


if __name__ == "__main__":
    main()
