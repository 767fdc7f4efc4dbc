/**
 * @typedef {object} ShareWords
 * @property {string} copy
 * @property {string} copied
 * @property {string} address name of the field with the address
 */

const SECONDS = 2; // for which the button says that it has copied

/* Where the browser refuses (a page without https), the address is shown and selected, ready for Ctrl+C. */
/** @param {Call<ShareWords>} call */
export default function ({ parentElement, data: [words] }) {
  const root = parentElement.querySelector(".fp-share");
  const button = root.querySelector("button"), address = root.querySelector("input");
  button.textContent = words.copy;
  address.setAttribute("aria-label", words.address);
  button.onclick = async () => {
    const link = window.location.href;
    try {
      await navigator.clipboard.writeText(link);
      button.textContent = words.copied;
      setTimeout(() => (button.textContent = words.copy), 1000 * SECONDS);
    } catch {
      address.value = link;
      address.hidden = false;
      address.select();
    }
  };
}
