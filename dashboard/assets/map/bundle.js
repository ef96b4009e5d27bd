/* The runtime: deck.gl out of the pydeck wheel, at `yipingConfig.deckUrl`. It is the longest way of
 * a first visit, so it is asked for as soon as this file is read, and asked for until it comes.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.bundle = (() => {
  const LONGEST_WAIT_MS = 15000;
  let bundle = null;

  function ask() {
    if (bundle) return bundle;
    bundle = new Promise((resolve, reject) => {
      if (window.deck) return resolve(window.deck);
      const script = document.createElement("script");
      script.src = window.yipingConfig.deckUrl;
      script.async = true;
      script.onload = () => resolve(window.deck);
      script.onerror = () => {
        script.remove();
        reject(new Error("runtime"));
      };
      document.head.append(script);
      return null;
    });
    bundle.catch(() => {
      bundle = null;
    });
    return bundle;
  }

  /** The runtime, sooner or later. */
  async function insist() {
    for (let wait = 1000; ; wait = Math.min(wait * 1.6, LONGEST_WAIT_MS)) {
      try {
        return await ask();
      } catch {
        await new Promise((resume) => setTimeout(resume, wait));
      }
    }
  }

  if (window.yipingConfig) ask().catch(() => {});

  return { insist };
})();
