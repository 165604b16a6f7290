// The numbers of the last heartbeat of each microphone.

import { byId, clock, make } from "./dom.js";

const seconds = (value) => (value === null ? "–" : `${value.toFixed(2)} s`);

function duration(value) {
  const [hours, minutes] = [Math.floor(value / 3600), Math.floor((value % 3600) / 60)];
  return hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min` : `${Math.floor(value)} s`;
}

const beats = new Map(); // by the name of the stream

export function showHealth(beat) {
  for (const [stream, other] of beats) if (other.instance !== beat.instance) beats.delete(stream);
  beats.set(beat.stream, beat);
  byId("health").replaceChildren(...[...beats.values()].flatMap(rowsOf));
}

function rowsOf(beat) {
  const level = beat.level === null ? "silence" : `${beat.level.toFixed(0)} dBFS`;
  const meter = make("meter", { min: -80, max: 0, value: beat.level ?? -80, "aria-label": `input level of ${beat.stream}` });
  const rows = [
    ["device", beat.stream],
    ["input level", level, false, meter],
    ["latency", seconds(beat.latency), beat.latency > 1],
    ["waiting", seconds(beat.queue), beat.queue > 1],
    ["lost audio", seconds(beat.dropped), beat.dropped > 0],
    ["overflows", beat.overflows, beat.overflows > 0],
    ["microphone lost", beat.reopenings, beat.reopenings > 0],
    ["restarts", beat.restarts, beat.restarts > 0],
    ["load of a core", `${(100 * beat.load).toFixed(1)} %`, beat.load > 0.9],
    ["detections", beat.detections],
    ["up", duration(beat.uptime)],
    ["heartbeat at", clock(beat.wall)],
  ];
  return rows.flatMap((one) => row(...one));
}

function row(name, value, bad, ...more) {
  return [make("dt", { textContent: name }), make("dd", { className: bad ? "bad" : "" }, `${value}`, ...more)];
}
