// The distance of a keyword over the last seconds, with its threshold and its detections.

const SECONDS = 20;
const KEPT = 400;

export class Chart {
  constructor(canvas) {
    this.canvas = canvas;
    this.points = [];
    this.detections = [];
    this.threshold = 0;
  }

  // Times are those of this browser, in seconds: several microphones have a clock each.
  add(time, distance) {
    this.points.push({ time, distance });
    if (this.points.length > KEPT) this.points.shift();
  }

  detect(time, distance) {
    this.detections = [...this.detections.slice(-20), { time, distance }];
  }

  draw() {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const now = this.points.at(-1)?.time ?? 0;
    const top = 1.05 * Math.max(this.threshold * 1.6, ...this.points.map((point) => point.distance), 0.1);
    const place = ({ time, distance }) => [width * (1 - (now - time) / SECONDS), height * (1 - distance / top)];
    const colours = getComputedStyle(canvas);
    this.drawThreshold(pen, place({ time: now, distance: this.threshold })[1], width, height, colours);
    this.drawTrack(pen, place, colours);
    this.drawDetections(pen, place, colours);
  }

  drawThreshold(pen, y, width, height, colours) {
    pen.fillStyle = colours.getPropertyValue("--fill");
    pen.fillRect(0, y, width, height - y);
    pen.strokeStyle = colours.getPropertyValue("--accent");
    pen.lineWidth = 1.5;
    pen.setLineDash([6, 4]);
    pen.beginPath();
    pen.moveTo(0, y);
    pen.lineTo(width, y);
    pen.stroke();
    pen.setLineDash([]);
  }

  drawTrack(pen, place, colours) {
    pen.strokeStyle = colours.getPropertyValue("--track");
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    pen.beginPath();
    for (const point of this.points) pen.lineTo(...place(point));
    pen.stroke();
  }

  drawDetections(pen, place, colours) {
    pen.fillStyle = colours.getPropertyValue("--hit");
    for (const detection of this.detections) {
      const [x, y] = place(detection);
      pen.beginPath();
      pen.arc(x, y, 5, 0, 2 * Math.PI);
      pen.fill();
    }
  }
}
