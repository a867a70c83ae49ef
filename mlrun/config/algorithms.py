"""The models of an experiment's `algorithm` section, one for each algorithm."""

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from mlrun.config.section import NamedSection, Section, one_of, peek, require_name

# A tuple, because a frozen model should be hashable. Not strict, because YAML gives a list.
HiddenSizes = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False, min_length=1, max_length=8)]


class AlgorithmConfig(NamedSection, frozen=True):
    """What the sections of all algorithms have.

    Attributes:
        needs_policy: Whether the algorithm needs action probabilities. Only episodic benchmarks have them.
    """

    needs_policy: ClassVar[bool] = False

    name: str = Field(description="Registered algorithm; `mlrun list-algos` lists them")

    @property
    def adaptation_steps(self) -> int | None:
        """Steps that the algorithm is trained for; None if only its code knows. By default those of `inner`."""
        return peek(peek(self, "inner"), "steps")

    @property
    def aids(self) -> tuple[str, ...]:
        """In words, what training uses that a policy does not see."""
        return ()


class _AdaptationConfig(Section, frozen=True):
    """Adaptation to one task."""

    steps: int = Field(
        default=1, ge=1, le=100, description="Adaptation steps; each on fresh episodes, or all on the same examples"
    )


class InnerLoopConfig(_AdaptationConfig, frozen=True):
    """Adaptation to one task by gradient steps."""

    learning_rate: float = Field(default=0.1, gt=0, description="Step size of an adaptation step")


def _rate_or_range(value: Any) -> Any:
    bounds: Any = value if isinstance(value, list | tuple) and len(value) == 2 else (value, value)
    numbers = [bound for bound in bounds if isinstance(bound, int | float) and not isinstance(bound, bool)]
    if len(numbers) < 2 or not 0 < numbers[0] <= numbers[1] < math.inf:
        raise ValueError(f"must be a number greater than 0, or a range [low, high] of such, low first, not {value}")
    return float(numbers[0]), float(numbers[1])


class LearnedRatesConfig(_AdaptationConfig, frozen=True):
    """Adaptation to one task by gradient steps. Each parameter has its own, learned rate."""

    learning_rate: Annotated[tuple[float, float], BeforeValidator(_rate_or_range, float | tuple[float, float])] = Field(
        default=(0.005, 0.1), description="Step sizes at the start: one for all parameters, or [low, high] to draw from"
    )


class TrustRegionConfig(Section, frozen=True):
    """The outer step of TRPO (Schulman et al., 2015): conjugate gradient, then a backtracking line search."""

    needs_policy: ClassVar[bool] = True

    name: Literal["trpo"] = Field(default="trpo", description="Outer rule")
    max_kl: float = Field(
        default=0.01, gt=0, description="Largest mean KL divergence between post-adaptation policies, in nats"
    )
    cg_iterations: int = Field(default=10, ge=1, description="Conjugate-gradient iterations")
    cg_damping: float = Field(default=1e-5, ge=0, description="Added to the diagonal of the curvature matrix")
    backtrack_ratio: float = Field(default=0.8, gt=0, lt=1, description="Factor on the step per backtrack")
    max_backtracks: int = Field(default=15, ge=1, description="Steps tried before the update is skipped")
    curvature_stride: int = Field(
        default=1, ge=1, description="Curvature products are estimated from every n-th step of the episodes"
    )


class AdamConfig(Section, frozen=True, json_schema_extra=require_name):
    """Adam (Kingma and Ba, 2015) on the loss after adaptation."""

    needs_policy: ClassVar[bool] = False

    name: Literal["adam"] = Field(default="adam", description="Outer rule")
    learning_rate: float = Field(default=1e-3, gt=0, description="Step size")


class ProximalConfig(Section, frozen=True):
    """The outer steps of ProMP: Adam on PPO's clipped loss, with a KL penalty on the policies that sampled."""

    learning_rate: float = Field(default=1e-3, gt=0, description="Step size of Adam")
    epochs: int = Field(default=5, ge=1, le=1000, description="Steps on the same episodes")
    clip_range: float = Field(
        default=0.3, gt=0, description="PPO's clip range: how far from 1 a likelihood ratio still gains"
    )
    kl_coefficient: float = Field(
        default=5e-4, ge=0, description="Weight of the KL divergence between the policies that sampled and the new ones"
    )


class InterpolationConfig(Section, frozen=True):
    """The outer step of Reptile: a part of the way from the parameters to the adapted parameters."""

    step_size: float = Field(default=1.0, gt=0, le=1, description="Part of the way, at the first iteration")
    decay_iterations: int | None = Field(
        default=None,
        ge=1,
        description="Meta-iterations over which the step size decays linearly to 0; null is no decay",
    )


OuterRuleConfig = Annotated[TrustRegionConfig | AdamConfig, one_of("outer rule", TrustRegionConfig, AdamConfig)]


class TwoLoopsConfig(AlgorithmConfig, frozen=True):
    """Adaptation at a fixed rate, and an outer rule that uses the gradient of the loss."""

    inner: InnerLoopConfig = Field(default=InnerLoopConfig(), description="Adaptation to one task")
    outer: OuterRuleConfig = Field(default=TrustRegionConfig(), description="Update of the meta-parameters")


class MAMLConfig(TwoLoopsConfig, frozen=True):
    """MAML (Finn et al., 2017)."""

    name: Literal["maml"] = Field(default="maml", description="Registered algorithm")


class FOMAMLConfig(TwoLoopsConfig, frozen=True):
    """First-order MAML (Finn et al., 2017): MAML without the second derivatives of the adaptation steps."""

    name: Literal["fomaml"] = Field(default="fomaml", description="Registered algorithm")


class ANILConfig(TwoLoopsConfig, frozen=True):
    """ANIL (Raghu et al., 2020): only the last layer adapts."""

    name: Literal["anil"] = Field(default="anil", description="Registered algorithm")


class MetaSGDConfig(AlgorithmConfig, frozen=True):
    """Meta-SGD (Li et al., 2017): MAML that also learns an adaptation rate for every parameter."""

    name: Literal["meta-sgd"] = Field(default="meta-sgd", description="Registered algorithm")
    inner: LearnedRatesConfig = Field(default=LearnedRatesConfig(), description="Adaptation to one task")
    outer: OuterRuleConfig = Field(default=TrustRegionConfig(), description="Update of the meta-parameters")


class ReptileConfig(AlgorithmConfig, frozen=True):
    """Reptile (Nichol et al., 2018): the initialisation moves towards the adapted parameters."""

    name: Literal["reptile"] = Field(default="reptile", description="Registered algorithm")
    inner: InnerLoopConfig = Field(default=InnerLoopConfig(steps=5), description="Adaptation to one task")
    outer: InterpolationConfig = Field(default=InterpolationConfig(), description="Update of the meta-parameters")


class ProMPConfig(AlgorithmConfig, frozen=True):
    """ProMP (Rothfuss et al., 2019): proximal outer steps, for the policies before and after adaptation."""

    needs_policy: ClassVar[bool] = True

    name: Literal["promp"] = Field(default="promp", description="Registered algorithm")
    inner: InnerLoopConfig = Field(default=InnerLoopConfig(), description="Adaptation to one task")
    outer: ProximalConfig = Field(default=ProximalConfig(), description="Update of the meta-parameters")


class TrialConfig(Section, frozen=True):
    """A trial: consecutive episodes of one task. The memory lasts through all of them."""

    episodes: int = Field(default=2, ge=1, le=101, description="Episodes in a trial; all but the last are to adapt")


class TrialAlgorithmConfig(AlgorithmConfig, frozen=True):
    """An algorithm that learns from trials and adapts by its memory."""

    needs_policy: ClassVar[bool] = True

    trial: TrialConfig = Field(default=TrialConfig(), description="What the memory lasts through")
    reward_scale: float = Field(
        default=1.0,
        gt=0,
        description="Factor on rewards that networks see or predict, to bring them to about 1",
    )
    reward_changes: bool = Field(
        default=False,
        description="Whether networks also see how rewards change from step to step, which tells the way to the goal",
    )

    @property
    def adaptation_steps(self) -> int:
        """The episodes of a trial before its last one."""
        return self.trial.episodes - 1


class MemoryConfig(Section, frozen=True):
    """The recurrent network that sees observations, actions, rewards, and where episodes start."""

    cell: Literal["gru", "lstm"] = Field(default="gru", description="Kind of recurrent network")
    size: int = Field(default=128, ge=1, le=4096, description="Units of the recurrent network")


class LinearValueConfig(Section, frozen=True):
    """The linear feature baseline, fitted to each task's own trials."""

    name: Literal["linear"] = Field(default="linear", description="Value function")


class RecurrentValueConfig(Section, frozen=True, json_schema_extra=require_name):
    """A recurrent network like the policy's, which sees what the policy sees."""

    name: Literal["recurrent"] = Field(default="recurrent", description="Value function")


class PrivilegedValueConfig(Section, frozen=True, json_schema_extra=require_name):
    """A network that sees the parameters of the task, in training only: privileged information."""

    name: Literal["privileged"] = Field(default="privileged", description="Value function")
    hidden_sizes: HiddenSizes = Field(default=(128, 128), description="Units of each hidden layer")


class MinibatchConfig(Section, frozen=True):
    """Adam on minibatches of the same data, over several epochs."""

    learning_rate: float = Field(default=5e-4, gt=0, description="Step size of Adam")
    epochs: int = Field(default=5, ge=1, le=1000, description="Passes over the same trials")
    minibatches: int = Field(default=4, ge=1, description="Parts of the trials in each pass, one step for each")
    max_gradient_norm: float = Field(default=1.0, gt=0, description="Longer gradients are shortened to this norm")
    decay_iterations: int | None = Field(
        default=None,
        ge=1,
        description="Meta-iterations over which the step size decays linearly to 0; null is no decay",
    )


class PPOConfig(MinibatchConfig, frozen=True):
    """PPO on trials (Schulman et al., 2017)."""

    clip_range: float = Field(
        default=0.2, gt=0, description="PPO's clip range: how far from 1 a likelihood ratio still gains"
    )
    entropy_coefficient: float = Field(default=0.0, ge=0, description="Weight of the entropy of the actions")
    varied_noise_from: int | None = Field(
        default=None,
        ge=1,
        description="The meta-iteration from which on the action noise of each task's trials is scaled by a number"
        " drawn from 0 to 1, so that a policy also learns to do without: the one that is scored has none; null is"
        " never",
    )


class RecurrentPPOConfig(PPOConfig, frozen=True):
    """PPO on the sequences of whole trials."""

    backpropagation: Literal["trial", "episode"] = Field(
        default="trial",
        description="How far gradients go back in time: to the start of the trial, or to that of the episode",
    )


class BeliefConfig(MinibatchConfig, frozen=True):
    """The belief over the task, and how its networks are trained."""

    epochs: int = Field(default=16, ge=1, le=1000, description="Passes over the same trials")
    minibatches: int = Field(default=6, ge=1, description="Parts of the trials in each pass, one step for each")
    learning_rate: float = Field(default=1e-3, gt=0, description="Step size of Adam")
    predicts: Literal["rewards", "task"] = Field(
        default="rewards",
        description="What the belief has to predict: rewards; or the hidden parameters of the task, which is privileged"
        " information",
    )
    latent_size: int = Field(default=4, ge=1, le=256, description="Components of the belief")
    size: int = Field(default=64, ge=1, le=4096, description="Features that are summed over the steps of a trial")
    imagined: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Part of the trials whose rewards are replaced by those that are predicted for a code between the"
        " codes of two trials",
    )
    imagined_from: int = Field(
        default=30,
        ge=1,
        description="The meta-iteration from which on predicted rewards are good enough to learn from",
    )


class VariBADConfig(TrialAlgorithmConfig, frozen=True):
    """Task inference: a belief over the task, and a policy on observation and belief (Zintgraf et al., 2020)."""

    name: Literal["varibad"] = Field(default="varibad", description="Registered algorithm")
    belief: BeliefConfig = Field(default=BeliefConfig(), description="The belief")
    outer: PPOConfig = Field(default=PPOConfig(), description="Update of the policy and of the value network")

    @property
    def aids(self) -> tuple[str, ...]:
        """In words, what training uses that a policy does not see."""
        return ("privileged goals for its beliefs",) if self.belief.predicts == "task" else ()


class RL2Config(TrialAlgorithmConfig, frozen=True):
    """RL² (Duan et al., 2016): a recurrent policy that adapts by what it remembers of a trial."""

    name: Literal["rl2"] = Field(default="rl2", description="Registered algorithm")
    memory: MemoryConfig = Field(default=MemoryConfig(), description="The recurrent network")
    value: Annotated[
        LinearValueConfig | RecurrentValueConfig | PrivilegedValueConfig,
        one_of("value function", LinearValueConfig, RecurrentValueConfig, PrivilegedValueConfig),
    ] = Field(default=LinearValueConfig(), description="The value function that advantages are estimated with")
    outer: RecurrentPPOConfig = Field(
        default=RecurrentPPOConfig(), description="Update of the policy and of the value network"
    )

    @property
    def aids(self) -> tuple[str, ...]:
        """In words, what training uses that a policy does not see."""
        return ("privileged goals for its value function",) if self.value.name == "privileged" else ()


class PretrainConfig(TwoLoopsConfig, frozen=True):
    """A baseline: one model trained on all training tasks without adaptation, and adapted when it is evaluated."""

    name: Literal["pretrain"] = Field(default="pretrain", description="Registered algorithm")


class ScratchConfig(AlgorithmConfig, frozen=True):
    """A baseline: adaptation from a random initialisation. Nothing is learned across tasks."""

    name: Literal["scratch"] = Field(default="scratch", description="Registered algorithm")
    inner: InnerLoopConfig = Field(default=InnerLoopConfig(), description="Adaptation to one task")
