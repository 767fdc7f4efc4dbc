/** @typedef {{ source: string }} Ahead address of plotly.js */

/* The chart of a training appears with its first step; by then the browser has read plotly.js. */
/** @param {Call<Ahead>} call */
export default function ({ data: [{ source }] }) {
  if (window.Plotly || document.querySelector(`script[src="${CSS.escape(source)}"]`)) return;
  const load = () => {
    const script = document.createElement("script");
    script.src = source;
    document.head.append(script);
  };
  // Safari has no requestIdleCallback
  if ("requestIdleCallback" in window) window.requestIdleCallback(load);
  else setTimeout(load, 1000);
}
