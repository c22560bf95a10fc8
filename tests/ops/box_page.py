"""Prints the text of the page on a box's screen, as its Chromium tells over the DevTools protocol."""

from __future__ import annotations

import json
import urllib.request

from websockets.sync.client import connect

with urllib.request.urlopen("http://127.0.0.1:9222/json") as answer:
    (page, *_) = [one for one in json.load(answer) if one["type"] == "page"]
ask = {"id": 1, "method": "Runtime.evaluate", "params": {"expression": "document.title + document.body.innerText"}}
with connect(page["webSocketDebuggerUrl"], max_size=None, proxy=None) as socket:
    socket.send(json.dumps(ask))
    print(json.loads(socket.recv(timeout=10))["result"]["result"]["value"])
