"""How many bytes of weights one rank holds."""

from dataclasses import dataclass

from .quantization import FORMAT_BYTES
from .shape import Experts, Latent, Shape

PLAIN_BYTES = 2.0


@dataclass(frozen=True, slots=True)
class Weights:
    """Bytes in all (as a checkpoint has them), and of these what every rank holds whole."""

    total: float
    replicated: float

    def per_rank(self, ranks: int) -> float:
        """Bytes of one of so many tensor-parallel ranks."""
        return (self.total - self.replicated) / ranks + self.replicated


@dataclass(frozen=True, slots=True)
class _Count:
    """Numbers in matrices that are quantised, and in what stays as it is; `whole` are those of every rank."""

    matrices: float = 0.0
    plain: float = 0.0
    whole_matrices: float = 0.0
    whole_plain: float = 0.0

    def __add__(self, other: "_Count") -> "_Count":
        return _Count(
            self.matrices + other.matrices,
            self.plain + other.plain,
            self.whole_matrices + other.whole_matrices,
            self.whole_plain + other.whole_plain,
        )

    def unquantised(self) -> "_Count":
        """The same numbers, all of them left as they are."""
        return _Count(plain=self.matrices + self.plain, whole_plain=self.whole_matrices + self.whole_plain)

    def times(self, factor: float) -> "_Count":
        return _Count(
            self.matrices * factor,
            self.plain * factor,
            self.whole_matrices * factor,
            self.whole_plain * factor,
        )


def weights_of(shape: Shape, *, drafting: bool, checkpoint_gib: float | None = None) -> Weights:
    """The weights of a model; the draft layers are loaded where `drafting`.

    `checkpoint_gib`, where it is known, replaces the counted total: it is a fact, and the count an estimate.
    """
    counted = _counted(shape, drafting=drafting)
    each = FORMAT_BYTES[shape.quantization]
    whole = counted.whole_matrices * each + counted.whole_plain * PLAIN_BYTES
    total = whole + counted.matrices * each + counted.plain * PLAIN_BYTES
    if checkpoint_gib is not None:
        total = checkpoint_gib * 2**30
    return Weights(total, min(whole, total))


def _counted(shape: Shape, *, drafting: bool) -> _Count:
    ends = shape.vocabulary * shape.hidden * (1 if shape.tied else 2)
    count = _Count(plain=ends, whole_plain=shape.hidden)
    sparse = shape.layers - shape.experts.dense_layers if shape.experts is not None else 0
    count += _attention_as_stored(shape).times(shape.layers) + _dense(shape).times(shape.layers - sparse)
    if shape.experts is not None:
        count += _mixture(shape, shape.experts).times(sparse)
    if shape.indexer is not None:
        count += _indexer(shape).times(shape.indexer.layers)
    return count + _draft(shape).times(shape.draft_layers) if drafting else count


def _attention_as_stored(shape: Shape) -> _Count:
    """One layer's attention, in 16 bits where only the rest is quantised."""
    one = _attention(shape)
    return one.unquantised() if shape.plain_attention else one


def _attention(shape: Shape) -> _Count:
    if shape.latent is not None:
        return _latent(shape, shape.latent)
    query = shape.hidden * shape.heads * shape.head_dim
    return _Count(
        matrices=2 * query + 2 * shape.hidden * shape.kv_heads * shape.head_dim, whole_plain=2 * shape.hidden
    )


def _latent(shape: Shape, latent: Latent) -> _Count:
    """The projections down are the same for every head, so every rank holds them whole."""
    up = latent.kv_rank * shape.heads * (latent.nope + latent.value)
    down = shape.hidden * (latent.q_rank + latent.kv_rank + latent.rope)
    query = (latent.q_rank or shape.hidden) * shape.heads * (latent.nope + latent.rope)
    return _Count(
        matrices=query + up + shape.heads * latent.value * shape.hidden,
        whole_matrices=down,
        whole_plain=2 * shape.hidden + latent.q_rank + latent.kv_rank,
    )


def _dense(shape: Shape) -> _Count:
    return _Count(matrices=3 * shape.hidden * shape.width)


def _mixture(shape: Shape, experts: Experts) -> _Count:
    width = experts.count * experts.width + experts.shared_width
    return _Count(matrices=3 * shape.hidden * width, whole_plain=experts.count * (shape.hidden + 1))


def _indexer(shape: Shape) -> _Count:
    indexer = shape.indexer
    if indexer is None:
        return _Count()
    rank = shape.latent.q_rank if shape.latent is not None else shape.hidden
    width = indexer.heads * indexer.head_dim
    plain = shape.hidden * (indexer.head_dim + indexer.heads) + 2 * indexer.head_dim
    return _Count(whole_matrices=rank * width, whole_plain=plain)


def _draft(shape: Shape) -> _Count:
    """A layer that guesses tokens ahead: one more layer, and a matrix that joins two hidden states."""
    joining = _Count(whole_plain=2 * shape.hidden**2 + 3 * shape.hidden)
    feed = _mixture(shape, shape.experts) if shape.experts is not None else _dense(shape)
    return _attention_as_stored(shape) + feed + _indexer(shape) + joining
