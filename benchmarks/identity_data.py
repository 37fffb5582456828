"""Made-up person records with known truth, for measuring linkage: easy customers, hard records, duplicate-free sources.

Names are drawn with the frequencies of Faker's lists, so that common names collide; households share address and
family name.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


def _weighted(names: dict[str, float], size: int, rng: np.random.Generator) -> np.ndarray:
    weight = np.fromiter(names.values(), float)
    return rng.choice(np.array(list(names), dtype=object), size, p=weight / weight.sum())


def persons(count: int, rng: np.random.Generator) -> pd.DataFrame:
    """True persons: about a third live with somebody of the same family name at the same address."""
    from faker.providers.address.en_US import Provider as Places
    from faker.providers.job import Provider as Jobs
    from faker.providers.person.en_US import Provider as Names

    given = {**Names.first_names_female, **Names.first_names_male}
    frame = pd.DataFrame(
        {
            "given_name": _weighted(given, count, rng),
            "surname": _weighted(Names.last_names, count, rng),
            "sex": rng.choice(["f", "m"], count),
        }
    )
    places = np.array([f"{a}{b}" for a in [*Names.last_names][:300] for b in Places.city_suffixes[:3]], dtype=object)
    place_weight = 1.0 / np.arange(1, len(places) + 1)
    place = rng.choice(len(places), count, p=place_weight / place_weight.sum())
    frame["city"] = places[place]
    frame["birth_place"] = places[rng.choice(len(places), count, p=place_weight / place_weight.sum())]
    frame["postcode"] = [f"{10000 + p * 70 + k}" for p, k in zip(place, rng.integers(0, 60, count), strict=True)]
    streets = np.array(
        [f"{a} {b}" for a in [*Names.last_names][300:900] for b in ("Street", "Road", "Avenue")], dtype=object
    )
    frame["address"] = [
        f"{n} {s}" for n, s in zip(rng.integers(1, 240, count), rng.choice(streets, count), strict=True)
    ]
    jobs = np.array(Jobs.jobs, dtype=object)
    job_weight = 1.0 / np.arange(1, len(jobs) + 1)
    frame["occupation"] = rng.choice(jobs, count, p=job_weight / job_weight.sum())
    day = rng.integers(0, 365 * 60, count)
    frame["birth_date"] = (np.datetime64("1945-01-01") + day).astype("datetime64[D]").astype(str)
    number = rng.integers(0, 1_000_000, count)
    domain = rng.choice(["gmail.com", "yahoo.com", "hotmail.com", "icloud.com", "web.de"], count)
    frame["email"] = [
        f"{g[:1]}.{s}{n % 100}@{d}".lower()
        for g, s, n, d in zip(frame.given_name, frame.surname, number, domain, strict=True)
    ]
    frame["phone"] = [f"+1415{n:07d}" for n in rng.integers(2_000_000, 9_999_999, count)]
    housed = np.flatnonzero(rng.random(count) < 0.33)
    housed = housed[housed > 0]
    for column in ("surname", "city", "postcode", "address"):
        values = frame[column].to_numpy().copy()
        values[housed] = values[housed - 1]
        frame[column] = values
    return frame


def typos(values: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """One edit (replace, drop, double or transpose a character) in a share of the values."""
    result = values.copy()
    for i in np.flatnonzero((rng.random(len(values)) < share) & (values != "")):
        text = str(result[i])
        at, kind = int(rng.integers(0, len(text))), int(rng.integers(0, 4))
        letter = str(rng.integers(0, 10)) if text[at].isdigit() else str(rng.choice(LETTERS))
        if kind == 0:
            text = text[:at] + letter + text[at + 1 :]
        elif kind == 1 and len(text) > 2:
            text = text[:at] + text[at + 1 :]
        elif kind == 2:
            text = text[:at] + text[at] + text[at:]
        elif at + 1 < len(text):
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        result[i] = text
    return result


def easy(count: int, seed: int = 1) -> pd.DataFrame:
    """`count` records with six columns, few errors, one or two records per person."""
    rng = np.random.default_rng(seed)
    people = persons(int(count / 1.3), rng)[["given_name", "surname", "birth_date", "city", "email", "phone"]]
    return _records(people, count, rng, typo=0.03, missing=0.05, nickname=0.02, moved=0.02, sources=0)


def write_regions(path: Path, count: int, size: int = 1_000_000) -> None:
    """A Parquet file of `count` easy customers, made a region of at most `size` at a time.

    Regions have their own area code and their own numbers in mailboxes, as a larger country has: so strangers share
    these no more often in ten million records than in one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None
    done = region = 0
    while done < count:
        frame = easy(min(size, count - done), seed=100 + region)
        frame["record_id"] = f"{region}-" + frame["record_id"]
        frame["person"] += done
        frame["email"] = frame["email"].str.replace("@", f"{region}@", regex=False)
        frame["phone"] = frame["phone"].str.replace("+1415", f"+1{415 + region}", regex=False)
        table = pa.Table.from_pandas(frame.drop(columns="source"), preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
        done, region = done + len(frame), region + 1
    if writer is not None:
        writer.close()


def hard(count: int, seed: int = 2, sources: int = 0, typo: float = 0.15, missing: float = 0.25) -> pd.DataFrame:
    """`count` records with many errors, gaps, nicknames, moves and households; `sources` > 0: that many
    duplicate-free sources.
    """
    rng = np.random.default_rng(seed)
    people = persons(max(int(count / 3), 2), rng)
    return _records(people, count, rng, typo=typo, missing=missing, nickname=0.12, moved=0.15, sources=sources)


WEAK = ["given_name", "surname", "city", "postcode"]


def weak(
    count: int, seed: int = 3, sources: int = 5, typo: float = 0.15, missing: float = 0.1, moved: float = 0.15
) -> pd.DataFrame:
    """`count` records of duplicate-free sources that know little of a person: given name, surname, suburb, postcode.

    Like the voter lists of several parties: most persons are in most of the sources (.8 of them in each).
    """
    rng = np.random.default_rng(seed)
    people = persons(max(int(count / sources / 0.8), 2), rng)
    frame = _records(people, count, rng, typo=typo, missing=missing, nickname=0.05, moved=moved, sources=sources)
    return frame[["record_id", *WEAK, "source", "person"]]


def _records(
    people: pd.DataFrame,
    count: int,
    rng: np.random.Generator,
    *,
    typo: float,
    missing: float,
    nickname: float,
    moved: float,
    sources: int,
) -> pd.DataFrame:
    from nicknames import NickNamer

    if sources:
        owner = np.concatenate(
            [np.flatnonzero(rng.random(len(people)) < count / len(people) / sources) for _ in range(sources)]
        )
        source = np.concatenate([np.full(c, i) for i, c in enumerate(_sizes(owner))])
    else:
        extra = rng.choice(len(people), count, p=_skew(len(people), rng))
        owner = np.concatenate([np.arange(len(people)), extra])[:count]
        source = np.zeros(len(owner), int)
    frame = people.iloc[owner].reset_index(drop=True)
    short = {k: sorted(v) for k, v in NickNamer.default_lookup().items()}
    given = frame.given_name.to_numpy().copy()
    for i in np.flatnonzero(rng.random(len(frame)) < nickname):
        known = short.get(str(given[i]).lower())
        given[i] = str(rng.choice(known)).title() if known else str(given[i])[:1]
    frame["given_name"] = given
    if "address" in frame:
        away = np.flatnonzero(rng.random(len(frame)) < moved)
        other = rng.integers(0, len(people), len(away))
        for column in ("address", "postcode", "city"):
            values = frame[column].to_numpy().copy()
            values[away] = people[column].to_numpy()[other]
            frame[column] = values
    for column in [c for c in frame.columns if c != "sex"]:
        values = typos(frame[column].to_numpy(), typo, rng)
        values[rng.random(len(frame)) < missing * rng.uniform(0.4, 1.6)] = None
        frame[column] = values
    swap = rng.random(len(frame)) < 0.03
    first = frame.given_name.to_numpy().copy()
    frame["given_name"] = np.where(swap, frame.surname, first)
    frame["surname"] = np.where(swap, first, frame.surname)
    frame.insert(0, "record_id", [f"r{i}" for i in rng.permutation(len(frame))])
    frame["source"] = [f"s{s}" for s in source]
    frame["person"] = owner
    return frame.sample(frac=1.0, random_state=seed_of(rng)).reset_index(drop=True)


def seed_of(rng: np.random.Generator) -> int:
    """A seed drawn from a generator."""
    return int(rng.integers(0, 2**31))


def _skew(count: int, rng: np.random.Generator) -> np.ndarray:
    weight = rng.gamma(0.8, 1.0, count)
    return weight / weight.sum()


def _sizes(owner: np.ndarray) -> list[int]:
    """Lengths of the ascending runs that the sources were concatenated from."""
    cut = np.flatnonzero(np.diff(owner) <= 0) + 1
    return np.diff(np.r_[0, cut, len(owner)]).tolist()
