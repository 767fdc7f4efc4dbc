// One face twice, without and with the trigger; a click shows the pixels that the classifier sees.

import { choices, make, mix, over, Turns } from "./parts.js";

const SIDE = 480; // px of a canvas; its size on the screen follows the layout
const SLIDE = 0.6; // seconds in which the border slides in

/**
 * @param {string} source
 * @returns {Promise<HTMLImageElement>}
 */
function picture(source) {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = image.onerror = () => resolve(image);
    image.src = source;
  });
}

/**
 * The picture with the trigger slid in by `inside`, 0 … 1: the photo shrinks into its box, and the trigger around it comes
 * in from outside. A trigger on the photo itself fades in.
 * @param {CanvasRenderingContext2D} brush
 * @param {HTMLImageElement} photo
 * @param {HTMLImageElement | null} trigger
 * @param {number[]} box
 * @param {number} inside
 */
function paint(brush, photo, trigger, box, inside) {
  const [top, left] = [box[0] * inside, box[1] * inside];
  const [height, width] = [mix(1, box[2], inside), mix(1, box[3], inside)];
  brush.globalAlpha = 1;
  brush.clearRect(0, 0, SIDE, SIDE);
  brush.drawImage(photo, left * SIDE, top * SIDE, width * SIDE, height * SIDE);
  if (!trigger || inside === 0) return;
  const isAround = box[3] < 1, scale = width / box[3];
  brush.imageSmoothingEnabled = false;
  brush.globalAlpha = isAround ? 1 : inside;
  brush.drawImage(trigger, (left - box[1] * scale) * SIDE, (top - box[0] * scale) * SIDE, scale * SIDE, scale * SIDE);
  brush.imageSmoothingEnabled = true;
}

/**
 * @param {HTMLElement} box
 * @param {string} title
 */
function pictureSide(box, title) {
  const figure = make("figure", "side"), canvas = make("canvas"), look = make("button", "look");
  const verdict = make("figcaption", "verdict");
  canvas.width = canvas.height = SIDE;
  canvas.setAttribute("role", "img");
  look.type = "button";
  look.append(canvas);
  figure.append(make("h2", "", title), look, verdict);
  box.append(figure);
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  brush.imageSmoothingQuality = "high";
  return { figure, canvas, look, verdict, brush };
}

/** @param {PictureDemo} data */
export async function buildPictures(data) {
  const triggers = await Promise.all(data.triggers.map(picture));
  const box = make("div", "examples"), pair = make("div", "pair"), name = make("p", "name");
  const sides = [pictureSide(pair, data.words.without), pictureSide(pair, data.words.with_)];
  const turns = new Turns(data.examples);
  let at = 0, stop = 0, inside = 0, isSeen = false, halt = () => {};
  /** @type {HTMLImageElement[]} large, seen, framed */
  let photos = [];

  function draw() {
    const [without, withIt] = sides;
    const trigger = stop ? triggers[stop - 1] : null;
    if (isSeen) {
      for (const { brush } of sides) brush.imageSmoothingEnabled = false;
      paint(without.brush, photos[1], null, data.box, 0);
      if (!trigger) paint(withIt.brush, photos[1], null, data.box, 0);
      else if (photos[2]) {
        withIt.brush.imageSmoothingEnabled = false;
        paint(withIt.brush, photos[2], null, data.box, 0);
        withIt.brush.drawImage(trigger, 0, 0, SIDE, SIDE);
      } else paint(withIt.brush, photos[1], trigger, data.box, 1);
      return;
    }
    for (const { brush } of sides) brush.imageSmoothingEnabled = true;
    paint(without.brush, photos[0], null, data.box, 0);
    paint(withIt.brush, photos[0], trigger ?? (inside > 0 ? triggers[0] : null), data.box, inside);
  }

  function say() {
    const example = data.examples[at];
    name.textContent = example.name;
    [0, stop].forEach((shown, i) => {
      const { figure, canvas, look, verdict } = sides[i], isRight = example.is_right[shown];
      figure.className = isRight ? "side right" : "side wrong";
      verdict.textContent = example.predictions[shown];
      canvas.setAttribute("aria-label", `${example.name}; ${example.predictions[shown]}, ${isRight ? data.words.right : data.words.wrong}`);
      look.title = isSeen ? data.words.seen : data.words.drawn;
      look.setAttribute("aria-pressed", String(isSeen));
    });
  }

  /** Let the border slide to where it belongs at this stop. */
  function slide() {
    halt();
    const from = inside, to = stop ? 1 : 0;
    halt = over(from === to ? 0.01 : SLIDE, (t) => {
      inside = mix(from, to, t);
      draw();
    });
  }

  /** @param {number} i */
  async function show(i) {
    const { large, seen, framed } = data.examples[i];
    const found = await Promise.all([large, seen, ...(framed ? [framed] : [])].map(picture));
    if (i !== turns.at) return; // another click was faster
    [at, photos, inside] = [i, found, 0];
    draw();
    say();
    slide();
  }

  for (const { look } of sides) {
    look.addEventListener("click", () => {
      isSeen = !isSeen;
      draw();
      say();
    });
  }
  const { buttons, lock, ratio } = choices(data, turns, show);
  box.append(pair, name, lock, buttons, ratio);
  await show(0);
  /** @param {number} to */
  const write = (to) => {
    stop = to;
    say();
    slide();
  };
  return { box, write };
}
