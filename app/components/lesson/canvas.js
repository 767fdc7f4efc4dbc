import { make } from "./dom.js";

const SIDE = 192; // px of a canvas; its size on the screen follows the layout

/** @type {Map<string, Promise<HTMLImageElement>>} */
const pictures = new Map();

/**
 * @param {string} source
 * @returns {Promise<HTMLImageElement>}
 */
function picture(source) {
  const known = pictures.get(source);
  if (known) return known;
  /** @type {Promise<HTMLImageElement>} */
  const found = new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.src = source;
  });
  pictures.set(source, found);
  return found;
}

/** @param {string} text what a screen reader says */
export function canvas(text) {
  const element = make("canvas");
  element.width = element.height = SIDE;
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", text);
  return element;
}

/**
 * Draw a photo, in its box under a trigger where there is one, and a heat map over it.
 * @param {HTMLCanvasElement} element
 * @param {{ photo: string, trigger?: string, box: number[], map?: number[][] }} what
 */
export async function paint(element, { photo, trigger, box, map }) {
  const turn = {};
  turns.set(element, turn); // a later call overtakes this one while its pictures load
  const images = await Promise.all([picture(photo), ...(trigger ? [picture(trigger)] : [])]);
  if (turns.get(element) !== turn) return;
  const brush = /** @type {CanvasRenderingContext2D} */ (element.getContext("2d"));
  const [top, left, height, width] = trigger ? box : [0, 0, 1, 1];
  brush.clearRect(0, 0, SIDE, SIDE);
  brush.imageSmoothingEnabled = true;
  brush.imageSmoothingQuality = "high";
  brush.drawImage(images[0], left * SIDE, top * SIDE, width * SIDE, height * SIDE);
  if (trigger) {
    brush.imageSmoothingEnabled = false;
    brush.drawImage(images[1], 0, 0, SIDE, SIDE);
    brush.imageSmoothingEnabled = true;
  }
  if (map) {
    brush.drawImage(heat(map), 0, 0, SIDE, SIDE);
  }
}

/** @type {WeakMap<HTMLCanvasElement, object>} */
const turns = new WeakMap();

/**
 * A map as a small picture: dark where nothing speaks for the label, clear and warm where much does.
 * @param {number[][]} map
 */
function heat(map) {
  const small = make("canvas");
  small.height = map.length;
  small.width = map[0].length;
  const brush = /** @type {CanvasRenderingContext2D} */ (small.getContext("2d"));
  map.forEach((row, y) =>
    row.forEach((value, x) => {
      brush.fillStyle = value < 0.4 ? `rgba(10, 10, 60, ${0.6 - 1.5 * value})` : `rgba(255, 120, 0, ${1.15 * (value - 0.4)})`;
      brush.fillRect(x, y, 1, 1);
    }),
  );
  return small;
}
