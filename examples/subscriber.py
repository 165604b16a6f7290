"""Prints what kwsd hears: pip install pyzmq; python subscriber.py [ENDPOINT]."""

import json
import os
import sys

import zmq

socket = zmq.Context().socket(zmq.SUB)
socket.connect(sys.argv[1] if len(sys.argv) > 1 else f"ipc://{os.environ['XDG_RUNTIME_DIR']}/kwsd/events.ipc")
socket.subscribe("kwsd/1/detection/")
while True:
    topic, payload = socket.recv_multipart()
    event = json.loads(payload)
    print(
        f"{event['keyword']}: {event['start']:.2f} to {event['end']:.2f} s, distance {event['distance']:.3f}",
        flush=True,
    )
