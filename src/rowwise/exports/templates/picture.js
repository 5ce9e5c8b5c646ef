// A picture that is drawn or dropped → a record: as large as the model's pictures, white on its scale.

const [height, width, channels = 1] = data.shape;
const SIDE = 280, STANDS_OUT = 16;

function drawing() {
  const canvas = byId("canvas"), ink = canvas.getContext("2d", { willReadFrequently: true });
  const scale = SIDE / Math.max(height, width);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  let from = null;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); from = at(event); stroke(event); });
  canvas.addEventListener("pointermove", (event) => { if (from) stroke(event); });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { from = null; });
  function stroke(event) {
    const to = at(event);
    ink.strokeStyle = "white";
    ink.lineWidth = Math.max(canvas.width, canvas.height) / 14;
    ink.lineCap = "round";
    ink.beginPath();
    ink.moveTo(...from);
    ink.lineTo(to[0] + 0.01, to[1]);
    ink.stroke();
    from = to;
    answer(recordOf(canvas));
  }
  byId("clear").addEventListener("click", () => { blank(ink); answer(recordOf(canvas)); });
  byId("file").addEventListener("change", (event) => read(event.target.files[0]));
  const zone = byId("picture");
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => { event.preventDefault(); read(event.dataTransfer.files[0]); });
  function read(file) {
    if (!file) return;
    const image = new Image();
    const address = URL.createObjectURL(file);
    image.onload = () => { blank(ink); place(ink, image, image.naturalWidth, image.naturalHeight); URL.revokeObjectURL(address); answer(recordOf(canvas)); };
    image.onerror = () => { byId("filen").textContent = text("no_picture"); URL.revokeObjectURL(address); };
    byId("filen").textContent = "";
    image.src = address;
  }
}

function blank(ink) {
  ink.fillStyle = "black";
  ink.fillRect(0, 0, ink.canvas.width, ink.canvas.height);
}

// As large as the canvas holds it, proportions kept, in the middle.
function fit(ink, image, w, h) {
  const scale = Math.min(ink.canvas.width / w, ink.canvas.height / h);
  const size = [w, h].map((side) => Math.max(1, Math.round(side * scale)));
  const [left, top] = [Math.floor((ink.canvas.width - size[0]) / 2), Math.floor((ink.canvas.height - size[1]) / 2)];
  ink.imageSmoothingQuality = "high";
  ink.drawImage(image, left, top, ...size);
}

// As the training's pictures were: in the middle of the colour of its own border, or cropped, or on black.
function place(ink, given, w, h) {
  let image = given;
  if (data.pictures !== "object") {  // what is transparent is white
    const [flat, on] = sheet(w, h);
    on.fillStyle = "white";
    on.fillRect(0, 0, w, h);
    on.drawImage(given, 0, 0);
    image = flat;
  }
  if (data.pictures === "crop") {
    const scale = Math.max(ink.canvas.width / w, ink.canvas.height / h);
    ink.imageSmoothingQuality = "high";
    ink.drawImage(image, (ink.canvas.width - w * scale) / 2, (ink.canvas.height - h * scale) / 2, w * scale, h * scale);
    return;
  }
  if (data.pictures === "border") {
    ink.fillStyle = borderOf(image, w, h);
    ink.fillRect(0, 0, ink.canvas.width, ink.canvas.height);
  }
  fit(ink, image, w, h);
}

// The median of the pixels along the four sides.
function borderOf(image, w, h) {
  const scale = Math.min(1, 256 / Math.max(w, h));
  const [wide, high] = [w, h].map((side) => Math.max(1, Math.round(side * scale)));
  const [, ink] = sheet(wide, high);
  ink.drawImage(image, 0, 0, wide, high);
  const { data: pixels } = ink.getImageData(0, 0, wide, high);
  const along = [];
  for (let y = 0; y < high; y++)
    for (let x = 0; x < wide; x++) if (x === 0 || y === 0 || x === wide - 1 || y === high - 1) along.push(4 * (y * wide + x));
  const median = (c) => along.map((at) => pixels[at + c]).sort((a, b) => a - b)[along.length >> 1];
  return `rgb(${median(0)} ${median(1)} ${median(2)})`;
}

function sheet(w, h) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [w, h];
  const ink = canvas.getContext("2d", { willReadFrequently: true });
  blank(ink);
  return [canvas, ink];
}

// What the model was trained on decides: whole pictures as they are, objects cut out of them bright on black.
function recordOf(canvas) {
  let source = canvas;
  if (data.pictures === "object") source = cutOut(canvas);
  const [, ink] = sheet(width, height);
  fit(ink, source, source.width, source.height);
  const pixels = ink.getImageData(0, 0, width, height).data, record = [];
  for (let i = 0; i < pixels.length; i += 4) {
    const [red, green, blue] = pixels.subarray(i, i + 3);
    const values = channels === 3 ? [red, green, blue] : [Math.round(0.299 * red + 0.587 * green + 0.114 * blue)];
    record.push(...values.map((value) => (value * data.white) / 255));
  }
  return record;
}

function cutOut(canvas) {
  const ink = canvas.getContext("2d", { willReadFrequently: true });
  const { data: pixels, width: w, height: h } = ink.getImageData(0, 0, canvas.width, canvas.height);
  const grey = (x, y) => pixels[4 * (y * w + x)] * 0.299 + pixels[4 * (y * w + x) + 1] * 0.587 + pixels[4 * (y * w + x) + 2] * 0.114;
  const corners = [grey(1, 1), grey(w - 2, 1), grey(1, h - 2), grey(w - 2, h - 2)].sort((a, b) => a - b);
  const light = corners[1] >= 128;
  let [left, top, right, bottom] = [w, h, -1, -1];
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const bright = light ? 255 - grey(x, y) : grey(x, y), ground = light ? 255 - corners[2] : corners[2];
      if (bright > ground + STANDS_OUT) [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
  }
  if (right < left) return canvas;
  const [cut, on] = sheet(right - left + 1, bottom - top + 1);
  if (light) on.filter = "invert(1)";
  on.drawImage(canvas, left, top, cut.width, cut.height, 0, 0, cut.width, cut.height);
  return cut;
}

// The reverse: a record's pixels on the canvas; its answer is that of the pixels themselves.
function picture(record) {
  const [small, ink] = sheet(width, height);
  const image = ink.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = (record[i * channels + (channels === 3 ? c : 0)] * 255) / data.white;
    image.data[4 * i + 3] = 255;
  }
  ink.putImageData(image, 0, 0);
  const shown = byId("canvas").getContext("2d");
  blank(shown);
  shown.imageSmoothingEnabled = false;
  fit(shown, small, width, height);
  shown.imageSmoothingEnabled = true;
  answer(record);
}
