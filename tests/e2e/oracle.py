"""oracle: says what is wrong with a store after crashes, given what was in the topic and what the
broker holds as committed. It knows nothing of assay but its views and its promises.

Read the committed offsets FIRST, then the shards: rows may be ahead of commits, never behind.
Every check returns a list of sentences; an empty list is "nothing wrong found". What a run has
really exercised is counted beside it (Exercised): a run without crashes proves nothing."""

from collections import defaultdict
from dataclasses import dataclass

from stores import Score, Store, Tenure
from traffic import RESAMPLES, agrees

SHOWN_MAX = 5
BEGINNING = 0
GROUP_CRITERION = "consistent"


@dataclass(frozen=True)
class Topic:
    """What the broker says."""
    ends: dict        # {partition: one above the newest offset}
    committed: dict   # {partition: (offset, metadata)}
    offsets: dict     # {partition: set of offsets that hold a record}


@dataclass(frozen=True)
class Range:
    """A tenure and the offsets it answers for: [tenure.start, end)."""
    tenure: Tenure
    end: int


@dataclass
class Exercised:
    superseded: int = 0   # rows beside the one that counts, in other shards
    adopted: int = 0      # rows that an earlier tenure of the same shard had made
    duplicates: int = 0   # deliveries told to be a producer's duplicate
    tenures: int = 0      # that answer for offsets
    abandoned: int = 0    # that were opened and never committed
    groups: int = 0       # that have their score in the shard that answers for it
    groups_twice: int = 0 # that two shards completed, each answering for one of the rows

    @property
    def redelivered(self) -> int:
        return self.superseded + self.adopted


def some(what: str, found: list) -> list:
    """One sentence for many alike."""
    if not found:
        return []
    return [f"{len(found)} {what}, such as {', '.join(map(str, sorted(found)[:SHOWN_MAX]))}"]


# ---- who answers for which offsets ----

def chain(partition: int, topic: Topic, store: Store) -> tuple:
    """Walks back from the committed offset by the predecessor that each tenure found when it began.
    Returns (ranges, problems); the ranges tile [0, committed) when there is no problem."""
    known = {t.name: t for t in store.tenures if t.partition == partition}
    end, name = topic.committed.get(partition, (BEGINNING, ""))
    ranges, problems, visited = [], [], set()
    while name:
        tenure = known.get(name)
        if tenure is None or name in visited:
            problems.append(f"partition {partition}: nobody knows tenure {name}, which committed {end}")
            return ranges, problems
        visited.add(name)
        if tenure.start > end:
            problems.append(f"partition {partition}: tenure {name} began at {tenure.start}, "
                            f"but its successor at {end}")
        ranges.append(Range(tenure, end))
        end, name = tenure.start, tenure.predecessor
    if end != BEGINNING:
        problems.append(f"partition {partition}: offsets 0 to {end} belong to no tenure")
    return ranges[::-1], problems


def chains(topic: Topic, store: Store) -> tuple:
    ranges, problems = {}, []
    for partition in topic.ends:
        ranges[partition], found = chain(partition, topic, store)
        problems += found
    return ranges, problems


def owners(ranges: dict) -> dict:
    """{(partition, offset): Tenure} of all that is committed."""
    return {(partition, offset): part.tenure
            for partition, parts in ranges.items() for part in parts
            for offset in range(part.tenure.start, part.end)}


# ---- the checks ----

def check_integrity(store: Store) -> list:
    return [f"SQLite says of {said}" for said in store.damage]


def check_holes(topic: Topic, store: Store) -> list:
    """Nothing lost: every record below a committed offset is terminal somewhere."""
    terminal = {(t.partition, t.offset) for t in store.terminals}
    lost = [(p, o) for p, (end, _) in topic.committed.items() for o in topic.offsets[p]
            if o < end and (p, o) not in terminal]
    return some("committed offsets without a terminal record (partition, offset)", lost)


def check_phantoms(topic: Topic, store: Store) -> list:
    strange = [(t.partition, t.offset) for t in store.terminals
               if t.offset not in topic.offsets.get(t.partition, ())]
    return some("terminal records of offsets that the topic does not hold", strange)


def check_finished(topic: Topic) -> list:
    """After the last run everything is committed."""
    behind = [(p, topic.committed.get(p, (0, ""))[0], end) for p, end in topic.ends.items()
              if topic.committed.get(p, (0, ""))[0] != end]
    return some("partitions are not committed to their end (partition, committed, end)", behind)


def check_once(topic: Topic, store: Store, ranges: dict) -> list:
    """Nothing counted twice: a shard has one row for an offset, and the shard that answers for the
    offset has it."""
    rows = defaultdict(int)
    for t in store.terminals:
        rows[t.shard, t.partition, t.offset] += 1
    problems = some("rows of one shard for the same offset", [key for key, n in rows.items() if n > 1])
    missing = [place for place, tenure in owners(ranges).items()
               if place[1] in topic.offsets[place[0]] and (tenure.shard, *place) not in rows]
    return problems + some("offsets that the answering shard has no record of", missing)


def check_marks(store: Store, topic: Topic, ranges: dict) -> list:
    """Marks tell the truth: below a low-water mark all is terminal in that shard; acked ranges stay
    inside the chain, and what the broker accepted is counted as acked."""
    problems = []
    held = defaultdict(set)
    for t in store.terminals:
        held[t.shard, t.partition].add(t.offset)
    end_of = {part.tenure.name + f"/{p}": part.end for p, parts in ranges.items() for part in parts}
    for tenure in store.tenures:
        label = f"tenure {tenure.name} of partition {tenure.partition}"
        end = end_of.get(f"{tenure.name}/{tenure.partition}", tenure.start)
        wanted = {o for o in topic.offsets.get(tenure.partition, ())
                  if tenure.start <= o < tenure.low_water}
        if not wanted <= held[tenure.shard, tenure.partition]:
            problems.append(f"{label}: low-water mark {tenure.low_water} stands above a hole")
        if tenure.acked_to > end:
            problems.append(f"{label}: acked to {tenure.acked_to}, but it answers only to {end}")
        if tenure.acked_to < end:
            problems.append(f"{label}: the broker accepted {end}, but only {tenure.acked_to} is acked, so "
                            f"{end - tenure.acked_to} rows are in no rollup and no metric")
    return problems


def check_states(store: Store, expected: dict) -> list:
    """`expected` is {(partition, offset): Expected}, from a few plain lines over the topic."""
    wrong = []
    for t in store.terminals:
        want = expected.get((t.partition, t.offset))
        if want is None:
            continue  # check_phantoms names it
        allowed = {want.state, "duplicate"} if want.may_be_duplicate else {want.state}
        if t.state not in allowed or (want.sample and t.sample != want.sample):
            wrong.append((t.partition, t.offset, t.state, t.reason or "", t.sample or ""))
    return some("terminal records that should read otherwise", wrong)


def check_duplicates(store: Store, expected: dict) -> list:
    """A sample that was delivered is scored; a tenure scores it once."""
    scored, once = set(), defaultdict(int)
    for t in store.terminals:
        want = expected.get((t.partition, t.offset))
        if t.state == "scored" and want and want.sample:
            scored.add(t.sample)
            once[t.tenure, t.partition, t.sample] += 1
    unscored = {want.sample for want in expected.values() if want.sample} - scored
    return (some("samples that were delivered but never scored", list(unscored)) +
            some("samples scored twice in one tenure", [k for k, n in once.items() if n > 1]))


def check_scores(store: Store, expected: dict) -> list:
    """Every scored record has exactly the scores that plain Python expects, in every shard."""
    scores = defaultdict(dict)
    for s in store.scores:
        scores[s.shard, s.partition, s.offset][s.rubric_hash, s.criterion] = s
    wrong = []
    recorded = set()
    for t in store.terminals:
        place = (t.shard, t.partition, t.offset)
        recorded.add(place)
        found = {c: s for (_, c), s in scores.get(place, {}).items() if c != "composite"}
        want = expected.get(place[1:])
        if want is None:
            continue
        if t.state != "scored":
            wrong += [(*place, "scored, though " + t.state)] if found else []
        elif disagreement := differ(found, want):
            wrong.append((*place, disagreement))
    orphans = [place for place in scores if place not in recorded]
    return some("deliveries with other scores than expected", wrong) + some("scores without a terminal record", orphans)


def differ(found: dict, want) -> str:
    if set(found) != set(want.scores):
        return f"criteria {sorted(found)}, expected {sorted(want.scores)}"
    for name, (status, value) in want.scores.items():
        score: Score = found[name]
        if not agrees((score.status, score.value), (status, value)):
            return f"{name} is {score.status} {score.value}, expected {status} {value}"
        if score.model != want.model:
            return f"model {score.model}, expected {want.model}"
        if want.observed_at_ms is not None and score.observed_at_ms != want.observed_at_ms:
            return f"observed at {score.observed_at_ms}, expected {want.observed_at_ms}"
    return ""


def check_groups(store: Store, expected: dict) -> list:
    """A shard that holds all responses of a group has its score once; no other shard has it."""
    held, scored = defaultdict(set), defaultdict(int)
    for s in store.scores:
        want = expected.get((s.partition, s.offset))
        if want and want.group and s.criterion == GROUP_CRITERION:
            held[s.shard, want.group].add(want.sample)
            scored[s.shard, want.group] += s.status == "scored"
    wrong = [(*key, len(samples), scored[key]) for key, samples in held.items()
             if scored[key] != (len(samples) == RESAMPLES)]
    return some("groups scored other than once when complete (shard, group, responses, scores)", wrong)


def group_scores(store: Store, expected: dict, owner: dict) -> dict:
    """{group: how many rows that count hold its score}."""
    counted = defaultdict(int)
    for s in store.scores:
        place = (s.partition, s.offset)
        if s.criterion == GROUP_CRITERION and s.status == "scored" and place in owner \
                and owner[place].shard == s.shard and place in expected:
            counted[expected[place].group] += 1
    return counted


def exercised(store: Store, ranges: dict, expected: dict) -> Exercised:
    told = Exercised()
    owner = owners(ranges)
    counted = group_scores(store, expected, owner)
    told.groups = len(counted)
    told.groups_twice = sum(n > 1 for n in counted.values())
    for t in store.terminals:
        told.duplicates += t.state == "duplicate"
        tenure = owner.get((t.partition, t.offset))
        if tenure is None:
            continue
        if t.shard != tenure.shard:
            told.superseded += 1
        elif t.tenure != tenure.name:
            told.adopted += 1
    told.tenures = sum(map(len, ranges.values()))
    told.abandoned = len(store.tenures) - told.tenures
    return told


def examine(topic: Topic, store: Store, expected: dict) -> tuple:
    """(problems, Exercised) of a finished run."""
    ranges, problems = chains(topic, store)
    problems += check_integrity(store)
    problems += check_holes(topic, store)
    problems += check_phantoms(topic, store)
    problems += check_finished(topic)
    problems += check_once(topic, store, ranges)
    problems += check_marks(store, topic, ranges)
    problems += check_states(store, expected)
    problems += check_duplicates(store, expected)
    problems += check_scores(store, expected)
    problems += check_groups(store, expected)
    return problems, exercised(store, ranges, expected)
