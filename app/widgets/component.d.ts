// Types that the scripts of several components share. For the checker alone: no browser reads this file.

/** An element of a component's own HTML. That HTML is in the component's Python file, so every selector finds an element. */
interface Part extends HTMLElement {
  querySelector<K extends keyof HTMLElementTagNameMap>(selector: K): HTMLElementTagNameMap[K];
  querySelector<E extends Element = Part>(selector: string): E;
}

/** The argument of a component's script; Streamlit calls it at first, and after every run of the page's script. */
interface Call<Data> {
  /** The element around the component's HTML, or its shadow root. */
  parentElement: Part;
  /** The data that the Python file sends, as a list of one. */
  data: [Data];
  /** Sets a state of the component and runs the page's script. */
  setStateValue(name: string, value: unknown): void;
  /** As `setStateValue`, but the value is gone after one run. */
  setTriggerValue(name: string, value: unknown): void;
}

/** A λ slider sends the index of its λ to all components of its channel. */
type LamListener = (event: CustomEvent<{ channel: string; index: number }>) => void;

interface Window {
  /** The index of λ of every channel. */
  fairprogLam?: Record<string, number>;
  /** Which demos of the page Start have moved their dot to the chosen λ by themselves. */
  fairprogSwept?: Set<string>;
  Plotly?: Plotly;
  addEventListener(type: "fairprog:lam", listener: LamListener): void;
  /** The browser ignores a listener that is missing. */
  removeEventListener(type: "fairprog:lam", listener: LamListener | undefined): void;
}

/** The part of plotly.js that the scripts use; figures are made and checked in Python. */
interface Plotly {
  react(area: HTMLElement, data: object[], layout: object, config: object): Promise<unknown>;
  relayout(area: HTMLElement, layout: object): Promise<unknown>;
  restyle(plot: HTMLElement, update: object, traces: number[]): Promise<unknown>;
  downloadImage(figure: { data: object[]; layout: object }, options: object): Promise<unknown>;
  Plots: { resize(area: HTMLElement): Promise<unknown> };
}

/** An element in which plotly.js has drawn a chart, or is about to: then `on` is missing. */
interface PlotElement extends HTMLElement {
  data: { meta?: unknown }[];
  layout: { font?: object; margin?: object };
  on?(event: "plotly_click", listener: (event: { points: { customdata?: unknown }[] }) => void): void;
  removeAllListeners(event: "plotly_click"): void;
}
