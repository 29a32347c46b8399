"""Settings: bounds, errors, parsing from text, fingerprint."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import DedupError, SettingsError
from dedup.settings import METHOD_VERSION, Settings

KNOBS = fields(Settings)
NAMES = [knob.name for knob in KNOBS]
NUMBERS = [knob for knob in KNOBS if not isinstance(knob.default, str)]
RUNNING = ("threads", "memory")
"""Settings of resources, which do not affect results."""


def test_the_defaults_are_the_product() -> None:
    settings = Settings()
    assert settings.to_dict() == {knob.name: knob.default for knob in KNOBS}
    assert settings.num_perm % settings.bands == 0


@pytest.mark.parametrize("knob", NUMBERS, ids=lambda knob: knob.name)
def test_bounds_are_inside(knob: Any) -> None:
    low, high = knob.metadata["low"], knob.metadata["high"]
    kind = type(knob.default)
    others: dict[str, dict[str, Any]] = {"num_perm": {"bands": 1}, "bands": {"num_perm": 4096}}
    fitting = others.get(knob.name, {})
    for bound in (low, high):
        assert getattr(Settings(**fitting | {knob.name: kind(bound)}), knob.name) == bound
    outside = [low - 1, *([] if math.isinf(high) else [high + 1])]
    outside += [math.nextafter(low, -math.inf), math.nextafter(high, math.inf)] if kind is float else []
    for value in outside:
        if value > high or value < low:
            with pytest.raises(SettingsError, match=rf"{knob.name} must lie between .* and .*, not "):
                Settings(**fitting | {knob.name: kind(value)})


@pytest.mark.parametrize("knob", KNOBS, ids=NAMES)
@pytest.mark.parametrize("value", ["1", None, True, [1], math.nan, 1j])
def test_other_types_are_refused(knob: Any, value: Any) -> None:
    value = 1 if value == "1" and isinstance(knob.default, str) else value
    with pytest.raises(SettingsError, match=knob.name):
        Settings(**{knob.name: value})


@pytest.mark.parametrize("knob", KNOBS, ids=NAMES)
def test_every_knob_has_a_line_for_the_user(knob: Any) -> None:
    assert knob.metadata["help"]
    assert isinstance(knob.default, str) or knob.metadata["low"] <= knob.default <= knob.metadata["high"]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(granularity=2, window=-1.0, shingle_size=0, seed=1.5)  # type: ignore[arg-type] # that is the fault
    assert len(caught.value.faults) == 4
    for name, fault in zip(("granularity", "window", "shingle_size", "seed"), caught.value.faults, strict=True):
        assert fault.startswith(name)
        assert fault in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, DedupError)


def test_bands_must_divide_the_slots() -> None:
    with pytest.raises(SettingsError, match=r"num_perm \(100\) must be a multiple of bands \(64\)"):
        Settings(num_perm=100)


def test_whole_numbers_are_taken_where_numbers_are() -> None:
    settings = Settings(window=14, granularity=1)
    assert type(settings.window) is float
    assert settings == Settings(window=14.0, granularity=1.0)
    assert settings.fingerprint == Settings(window=14.0, granularity=1.0).fingerprint


def test_numbers_of_numpy_are_numbers() -> None:
    """NumPy numbers become Python's, so that settings can be written as JSON."""
    numbers: dict[str, Any] = {"granularity": np.float64(0.25), "window": np.int64(14), "neighbours": np.int32(7)}
    settings = Settings(**numbers)
    assert settings == Settings(granularity=0.25, window=14.0, neighbours=7)
    assert {type(getattr(settings, knob.name)) for knob in NUMBERS} == {int, float}
    assert settings.fingerprint == Settings(granularity=0.25, window=14.0, neighbours=7).fingerprint
    with pytest.raises(SettingsError, match="neighbours must be a whole number"):
        Settings(neighbours=np.float64(7))  # type: ignore[arg-type] # that is the fault
    with pytest.raises(SettingsError, match="granularity must be a number"):
        Settings(granularity=np.bool_(True))  # type: ignore[arg-type] # that is the fault


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().granularity = 0.5  # type: ignore[misc] # that is the test
    with pytest.raises(SettingsError):
        replace(Settings(), granularity=9)
    with pytest.raises(TypeError):
        Settings(0.3)  # type: ignore[call-arg] # by name only


def test_settings_come_from_text() -> None:
    assert Settings.from_strings({}) == Settings()
    text = {"granularity": "0.2", "bands": "32", "window": "inf", "seed": " 7 "}
    assert Settings.from_strings(text) == Settings(granularity=0.2, bands=32, window=math.inf, seed=7)


def test_all_faults_of_text_are_told_at_once() -> None:
    text = {"granulartiy": "1", "window": "soon", "bands": "2.5", "shingle_size": "0", "granularity": "nan"}
    with pytest.raises(SettingsError) as caught:
        Settings.from_strings(text)
    faults = caught.value.faults
    assert len(faults) == 5
    assert any("no setting 'granulartiy' (did you mean 'granularity'? " in fault for fault in faults)
    assert "window must be a number, not 'soon'" in faults
    assert "bands must be a whole number, not '2.5'" in faults
    assert "granularity must lie between 0 and 1, not nan" in faults
    assert "shingle_size must lie between 1 and 32, not 0" in faults


@given(st.sampled_from(NAMES), st.text(max_size=8))
def test_text_is_a_setting_or_a_settings_error(name: str, text: str) -> None:
    try:
        settings = Settings.from_strings({name: text})
    except SettingsError:
        return  # any other error would fail the test
    value = getattr(settings, name)
    assert Settings.from_strings({name: value if isinstance(value, str) else repr(value)}) == settings


def test_every_knob_counts_in_the_fingerprint() -> None:
    others: dict[str, Any] = {
        "granularity": 0.6, "window": 1.5, "copy_overlap": 0.9, "shingle_size": 2,
        "num_perm": 256, "bands": 32, "seed": 9, "title_weight": 9, "lead_weight": 9.5, "lead_length": 9,
        "capital_weight": 9.5, "background": 9, "neighbours": 9, "date_penalty": 0.9, "outlet_penalty": 0.9,
        "preferred_outlets": "a", "paywalled_outlets": "a", "ungrouped": "source:a",
    }  # fmt: skip
    assert set(others) == set(NAMES) - set(RUNNING)
    prints = {Settings().fingerprint, *(Settings(**{name: value}).fingerprint for name, value in others.items())}
    assert len(prints) == len(others) + 1
    assert all(len(text) == 16 and int(text, 16) >= 0 for text in prints)


def test_what_changes_no_result_counts_in_nothing() -> None:
    others = Settings(threads=3, memory=2.5)
    assert others.fingerprint == Settings().fingerprint
    assert others == Settings()
    assert hash(others) == hash(Settings())
    assert others.to_dict()["threads"] == 3
    assert set(others.method()) == set(NAMES) - set(RUNNING)
    assert not {name for name in RUNNING if name in Settings().method()}


@pytest.mark.parametrize(
    ("text", "gigabytes"),
    [
        ("2", 2.0),
        ("1.5GB", 1.5),
        ("800MB", 0.8),
        ("800 mb", 0.8),
        ("2GiB", 2.147483648),
        ("1t", 1000.0),
        ("inf", math.inf),
    ],
)
def test_memory_is_gigabytes_or_a_size(text: str, gigabytes: float) -> None:
    assert Settings.from_strings({"memory": text}).memory == pytest.approx(gigabytes)


@pytest.mark.parametrize("text", ["much", "2 apples", "-1GB", "1e3kB", "GB"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="memory must be a number of gigabytes, or a size like 800MB, not "):
        Settings.from_strings({"memory": text})


def test_a_fingerprint_is_that_of_the_method_and_of_every_knob() -> None:
    """Pinned for explicit settings, so that changing a default does not change it."""
    settings = Settings(
        granularity=0.5, window=30.0, copy_overlap=0.4, shingle_size=5, num_perm=128, bands=64,
        seed=1, title_weight=2, lead_weight=2.0, lead_length=50, capital_weight=1.4, background=1000, neighbours=100,
        date_penalty=0.15, outlet_penalty=0.08,
    )  # fmt: skip
    assert set(settings.method()) == set(NAMES) - set(RUNNING), "a new knob: spell it out above, and pin anew"
    assert (METHOD_VERSION, settings.fingerprint) == (7, "26bed730ff7dbe5e")


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    program = "from dedup.settings import Settings; print(Settings().fingerprint)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == Settings().fingerprint


def test_a_number_beyond_all_measure_is_out_of_range_as_any_other() -> None:
    with pytest.raises(SettingsError, match="window is too large: 1000000"):
        Settings(window=10**400)
    with pytest.raises(SettingsError, match=r"seed must lie between 0 and .*, not a very long number"):
        Settings(seed=10**5000)
