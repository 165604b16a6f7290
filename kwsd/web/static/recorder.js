// Records the microphone of the browser as a WAV file, and makes one of any file that the browser can decode.

const RATE = 16000;

export class Recorder {
  async start(showLevel) {
    if (!navigator.mediaDevices) throw new Error("the browser gives the microphone to https pages and to localhost only");
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    this.stream = await navigator.mediaDevices.getUserMedia({ audio });
    this.context = new AudioContext();
    this.context.resume(); // some browsers start it only when asked; without a sound device it would never be ready
    await this.context.audioWorklet.addModule("recorder-worklet.js");
    this.parts = [];
    const node = new AudioWorkletNode(this.context, "recorder");
    node.port.onmessage = ({ data }) => {
      this.parts.push(data);
      showLevel(data.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0));
    };
    this.context.createMediaStreamSource(this.stream).connect(node).connect(this.context.destination); // it is silent
  }

  async stop() {
    for (const track of this.stream.getTracks()) track.stop();
    await this.context.close();
    return wav(this.parts, this.context.sampleRate);
  }
}

export async function decode(file) {
  const context = new OfflineAudioContext(1, 1, RATE); // decoding resamples to its rate
  const sound = await context.decodeAudioData(await file.arrayBuffer()).catch(() => {
    throw new Error(`${file.name} cannot be decoded by this browser`);
  });
  return wav([sound.getChannelData(0)], RATE);
}

function wav(parts, rate) {
  const count = parts.reduce((sum, part) => sum + part.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (at, letters) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * count, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * count, true);
  let at = 44;
  for (const part of parts) {
    for (const sample of part) {
      view.setInt16(at, Math.round(32767 * Math.max(-1, Math.min(1, sample))), true);
      at += 2;
    }
  }
  return new Blob([view], { type: "audio/wav" });
}
