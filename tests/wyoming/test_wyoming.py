"""The conversations of Wyoming clients with the server."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
import soxr
from structlog.testing import capture_logs
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping
from wyoming.wake import Detect, Detection

from kwsd.enrolment.learning import floor_of
from kwsd.keywords import experience
from kwsd.keywords.store import Store
from kwsd.tokenizer.tokenizer import Tokenizer

DETECTED = ("detection", "hey snips")
NOT_DETECTED = ("not-detected", None)


def test_every_keyword_is_a_model_of_the_one_wake_program(serving, connected, store, enrolment):
    Store(store).save(replace(enrolment.keyword, name="okay kwsd"))

    async def describe():
        async with connected() as client:
            await client.send(Describe())
            return Info.from_event(await client.read())

    (program,) = serving(describe).wake
    assert [(model.name, model.phrase, model.installed) for model in program.models] == [
        ("hey snips", "hey snips", True),
        ("okay kwsd", "okay kwsd", True),
    ]


def test_a_keyword_enrolled_later_is_served_without_a_restart(serving, connected, store, enrolment):
    async def models(client):
        await client.send(Describe())
        return [model.name for model in Info.from_event(await client.read()).wake[0].models]

    async def script():
        async with connected() as client:
            before = await models(client)
            Store(store).save(replace(enrolment.keyword, name="okay kwsd"))
            return before, await models(client)

    assert serving(script) == (["hey snips"], ["hey snips", "okay kwsd"])


def test_a_threshold_that_listen_learned_meanwhile_is_used(serving, connected, store, enrolment, speech, tokenizer):
    keyword = replace(enrolment.keyword, threshold=0.6)
    alarms = [(number / 10, floor_of(keyword, tokenizer) + 0.01) for number in range(50)]  # ten an hour
    learned = experience.Experience(experience.digest(keyword), hours=5.0, dips=alarms)
    phrase, alike = ((32767 * speech[s * 16_000 : (s + 4) * 16_000]).astype("<i2").tobytes() for s in (0, 13))
    Store(store).save(keyword)

    async def hear(audio):
        async with connected() as client:
            await client.say(audio)
            return await client.heard()

    async def script():
        before = await hear(alike)
        experience.save(experience.beside(store, keyword), learned)
        return before, await hear(alike), await hear(phrase)

    assert serving(script) == (DETECTED, NOT_DETECTED, DETECTED)


def test_what_was_learned_and_is_damaged_is_told_and_the_enrolled_threshold_used(
    serving, connected, store, enrolment, phrase
):
    experience.beside(store, enrolment.keyword).write_bytes(b"no JSON")

    async def script():
        async with connected() as client:
            await client.say(phrase)
            return await client.heard()

    with capture_logs() as logs:
        assert serving(script) == DETECTED
    assert any("hey snips.learned is damaged" in one.get("reason", "") for one in logs)


def test_home_assistant_sends_detect_first_reads_one_detection_and_closes_the_socket(serving, connected, phrase, other):
    async def listen_once():
        async with connected() as client:
            await client.send(Detect(names=["hey snips"]))
            await client.say(other + phrase, stop=False)
            return Detection.from_event(await client.read())

    async def script():
        return [await listen_once() for _ in range(3)]

    detections = serving(script)
    assert [one.name for one in detections] == ["hey snips"] * 3
    assert all(4000 < one.timestamp < 5200 for one in detections)


def test_a_satellite_stays_connected_and_detects_again_and_again(serving, connected, phrase, other):
    async def script():
        async with connected() as client:
            await client.send(Detect(names=["hey snips"]))
            heard = []
            for number in range(3):
                await client.say(phrase + other, start=not number, stop=False)
                heard.append(await client.heard())
            return heard

    assert serving(script) == [DETECTED] * 3


def test_other_speech_is_not_detected(serving, connected, other):
    async def script():
        async with connected() as client:
            await client.send(Detect())
            await client.say(other)
            return await client.heard()

    assert serving(script) == NOT_DETECTED


def test_after_a_detection_the_end_of_the_audio_is_not_answered(serving, connected, phrase, other):
    async def script():
        async with connected() as client:
            await client.say(phrase)
            first = await client.heard()
            await client.say(other)
            return first, await client.heard()

    assert serving(script) == (DETECTED, NOT_DETECTED)


def test_audio_without_detect_and_without_audio_start_is_searched_for_every_keyword(serving, connected, phrase):
    async def script():
        async with connected() as client:
            await client.say(phrase, start=False)
            return await client.heard()

    assert serving(script) == DETECTED


def test_only_the_named_keywords_are_detected(serving, connected, store, enrolment, phrase):
    Store(store).save(replace(enrolment.keyword, name="never", threshold=0.0))

    async def script():
        async with connected() as client:
            await client.send(Detect(names=["never"]))
            await client.say(phrase)
            named = await client.heard()
            await client.send(Detect(names=None))
            await client.say(phrase)
            return named, await client.heard()

    assert serving(script) == (NOT_DETECTED, DETECTED)


def test_a_phrase_that_ends_with_the_audio_is_detected(serving, connected, speech):
    audio = (32767 * speech[: round(1.75 * 16_000)]).astype("<i2").tobytes()

    async def script():
        async with connected() as client:
            await client.say(audio)
            return await client.heard()

    assert serving(script) == DETECTED


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_audio_of_any_rate_is_understood(serving, connected, speech, rate):
    audio = (32767 * soxr.resample(speech[: 3 * 16_000], 16_000, rate)).astype("<i2").tobytes()

    async def script():
        async with connected() as client:
            await client.say(audio, rate)
            return await client.heard()

    assert serving(script) == DETECTED


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_audio_of_any_width_and_number_of_channels_is_understood(serving, connected, speech, width, channels):
    samples = np.repeat(np.round(0.99 * 2**31 * speech[: 3 * 16_000].astype(float)).astype("<i4"), channels)
    audio = samples.view(np.uint8).reshape(-1, 4)[:, 4 - width :].tobytes()

    async def script():
        async with connected() as client:
            await client.say(audio, width=width, channels=channels)
            return await client.heard()

    assert serving(script) == DETECTED


@pytest.mark.parametrize("size", [16, 100, 4_000, 48_000])
def test_the_size_of_the_chunks_never_changes_the_answer(serving, connected, phrase, size):
    async def script():
        async with connected() as client:
            await client.say(phrase, size=size)
            return await client.heard()

    assert serving(script) == DETECTED


def test_twenty_clients_at_once_have_each_their_own_state(serving, connected, phrase, other):
    async def talk(number):
        async with connected() as client:
            heard = []
            for turn in range(3):
                await client.say(phrase if (number + turn) % 2 else other, size=700 + 50 * number)
                heard.append(await client.heard())
            return heard

    async def script():
        return await asyncio.gather(*map(talk, range(20)))

    expected = [[DETECTED if (number + turn) % 2 else NOT_DETECTED for turn in range(3)] for number in range(20)]
    assert serving(script) == expected


def test_clients_share_one_model(shared_tokenizer, speech):
    other = shared_tokenizer.another()
    alone = Tokenizer().push(speech[:16_000]).vectors
    shared_tokenizer.reset()
    shared_tokenizer.push(speech[16_000:24_000])

    assert np.array_equal(other.push(speech[:16_000]).vectors, alone)
    assert shared_tokenizer.push(speech[24_000:32_000]).time[0] > 0.2


def test_a_ping_is_answered_and_an_unknown_message_ignored(serving, connected):
    async def script():
        async with connected() as client:
            await client.client.write_event(Event("select-program", {"name": "kwsd"}))
            await client.send(Ping("are you there?"))
            return await client.read()

    event = serving(script)
    assert (event.type, event.data) == ("pong", {"text": "are you there?"})


# Requests that cannot be met


def test_a_keyword_that_is_not_enrolled_is_refused_once(serving, connected, phrase):
    async def script():
        async with connected() as client:
            await client.send(Detect(names=["hey nobody"]))
            await client.say(phrase)
            answers = [await client.read(), await client.read()]
            await client.send(Detect())
            await client.say(phrase)
            return *answers, await client.heard()

    error, end, again = serving(script)
    assert error.data == {"text": "no keyword is called hey nobody: enrol one, or choose another", "code": "refused"}
    assert (end.type, again) == ("not-detected", DETECTED)


def test_a_server_without_keywords_says_so(serving, connected, store, phrase):
    Store(store).remove("hey snips")

    async def script():
        async with connected() as client:
            await client.send(Describe())
            info = Info.from_event(await client.read())
            await client.say(phrase)
            return info, await client.read()

    info, error = serving(script)
    assert info.wake[0].models == []
    assert error.data["text"].startswith("no keyword is enrolled")


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (AudioStart(4_000, 2, 1), "the audio has a sample rate of 4000 Hz; 8000 to 768000 Hz are needed"),
        (AudioStart(16_000, 8, 1), "samples of 8 bytes cannot be read; send 1, 2, 3, 4 bytes"),
        (AudioStart(16_000, 2, 0), "audio of 0 channels cannot be read; send 1 to 64"),
        (AudioStart("16000", 2, 1), "rate, width and channels of the audio must be whole numbers"),
    ],
)
def test_audio_of_a_format_that_cannot_be_read_is_refused_in_one_sentence(serving, connected, start, reason, phrase):
    async def script():
        async with connected() as client:
            await client.send(start)
            refused = await client.read()
            await client.say(phrase)
            return refused, await client.heard()

    refused, heard = serving(script)
    assert (refused.type, refused.data["text"]) == ("error", reason)
    assert heard == DETECTED


def test_a_chunk_that_ends_within_a_sample_is_refused(serving, connected):
    async def script():
        async with connected() as client:
            await client.send(AudioChunk(16_000, 2, 1, b"123"), AudioStop())
            return await client.read()

    assert serving(script).data["text"] == "a chunk of 3 bytes holds no whole samples of 2 x 1 bytes"
