// Hands the samples of the microphone to the page, 4096 at once.

const SIZE = 4096;

class Recorder extends AudioWorkletProcessor {
  part = new Float32Array(SIZE);
  filled = 0;

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.part[this.filled++] = sample;
      if (this.filled === SIZE) {
        this.port.postMessage(this.part.slice());
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
