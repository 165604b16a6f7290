"""Messages that are not of the protocol: the client is told and disconnected, and the others go on."""

import asyncio
import json
from urllib.parse import urlparse

import pytest

DETECTED = ("detection", "hey snips")

MALFORMED = {
    b"GET / HTTP/1.1\r\n\r\n": "the header is not JSON",
    b"[1, 2]\n": "the header is not a JSON object",
    b"{}\n": "the header has no type",
    b'{"type": 5}\n': "the header has no type",
    b'{"type": "detect", "data": [1]}\n': "the header has no type, or data that is no object",
    b'{"type": "detect", "data": {"names": "hey snips"}}\n': 'the data of "detect" is not what the protocol says',
    b'{"type": "detect", "data": {"names": [{}]}}\n': 'the data of "detect" is not what the protocol says',
    b'{"type": "audio-start", "data": {"rate": 16000}}\n': 'the data of "audio-start" is not what the protocol says',
    b'{"type": "audio-chunk"}\n': 'the data of "audio-chunk" is not what the protocol says',
    b'{"type": "audio-chunk", "payload_length": 999999999999}\n': "payload_length is 999999999999",
    b'{"type": "audio-chunk", "payload_length": -1}\n': "payload_length is -1",
    b'{"type": "audio-chunk", "payload_length": "many"}\n': "payload_length is 'many'",
    b'{"type": "detect", "data_length": 4}\nnull': "the data is not a JSON object",
    b'{"type": "detect", "data_length": 4}\n{{{{': "the data is not JSON",
    b'{"type": "detect", "data_length": 40}\n{}': "the message ends after 2 of 40 bytes",
    b'{"type": "' + 100_000 * b"x" + b'"}\n': "the header is longer than 64 KB",
    10_000 * b"[" + b"\n": "the header is not JSON",
    b"\xff\xfe\n": "the header is not JSON",
}


@pytest.mark.parametrize("content", MALFORMED, ids=lambda content: content[:40].decode(errors="replace").strip())
def test_a_malformed_message_is_told_and_ends_the_connection(serving, connected, uri, phrase, content):
    async def script():
        address = urlparse(uri)
        async with connected() as neighbour:
            await neighbour.say(phrase[:40_000], stop=False)
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(content)
            writer.write_eof()
            header, data = json.loads(await reader.readline()), await reader.read()
            writer.close()
            await neighbour.say(phrase[40_000:], start=False)
            return header, json.loads(data), await neighbour.heard()

    header, data, heard = serving(script)
    assert header["type"] == "error"
    assert data["text"].startswith(MALFORMED[content])
    assert heard == DETECTED


@pytest.mark.parametrize("content", [b'{"type": "audio-chunk", "payload_length": 2048}\n' + bytes(100), 20 * b"{}\n"])
def test_a_client_that_goes_without_a_word_leaves_no_fault_behind(serving, connected, uri, phrase, content):
    faults = []

    async def script():
        asyncio.get_running_loop().set_exception_handler(lambda loop, fault: faults.append(fault))
        address = urlparse(uri)
        for number in range(50):
            _, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(content)
            await asyncio.sleep(0.001 * (number % 3))
            writer.transport.abort()
        async with connected() as client:
            await client.say(phrase)
            return await client.heard()

    assert serving(script) == DETECTED
    assert faults == []
