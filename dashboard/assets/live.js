/* What the server says while the page is open, and what the page does when it says nothing.
 *
 * Changes go to the map at once; panels hear of them at most once a second through one cursor.
 * With the server gone everything stays as drawn, the page says so, and it asks again from the
 * cursor it has until somebody answers: for minutes or for days.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.live = (() => {
  const root = document.documentElement;
  const SILENT_MS = 12000;
  const PANELS_MS = 1000;
  const AGES_MS = 15000;
  const ANEW_MS = 60000;
  const ANSWER_MS = 10000;
  let stream = null;
  // What the page shows was read after this moment of the change log: go on from here.
  let cursor = window.yipingConfig.cursor;
  let heardAt = 0;
  let wait = 1000;
  let offset = 0;
  let speed = 1;
  const moved = new Set();
  // What panels were asked to write anew, until it is laid.
  let asked = null;

  /** The city's present moment by the server's clock, which may run faster than ours. */
  function now() {
    return offset + performance.now() * speed;
  }

  function hear(event) {
    heardAt = performance.now();
    wait = 1000;
    root.dataset.server = "here";
    const said = JSON.parse(event.data);
    if (said.speed) speed = said.speed;
    offset = Date.parse(said.at) - performance.now() * speed;
    return said;
  }

  function connect() {
    if (stream) stream.close();
    stream = new EventSource(`/live?after=${cursor}`);
    for (const name of ["hello", "beat"]) stream.addEventListener(name, hear);
    stream.addEventListener("change", (event) => take(hear(event)));
    stream.addEventListener("anew", (event) => {
      cursor = hear(event).cursor;
      moved.add("cases").add("readings").add("alarms");
      window.yiping.map.refresh();
    });
    stream.onerror = lost;
  }

  function take(change) {
    cursor = change.cursor;
    window.yiping.map.merge(change);
    if (change.incidents.length) moved.add("cases");
    if (change.readings.length) moved.add("readings");
    if (change.alarms.length) moved.add("alarms");
    if (Object.keys(change.layers).length) {
      moved.add("cases").add("readings");
      window.yiping.map.refresh();
    }
  }

  /** The browser gives up on some errors and retries on others: we never give up. */
  function lost() {
    root.dataset.server = "lost";
    if (stream) stream.close();
    stream = null;
    setTimeout(connect, wait);
    wait = Math.min(wait * 1.6, 15000);
  }

  function tellPanels() {
    if (!window.dash_clientside || !window.dash_clientside.set_props) return;
    // Dash drops an answer once the next question is asked: on a busy server none would arrive.
    if (asked && performance.now() - asked.at < ANSWER_MS) return;
    if (asked) asked.moved.forEach((what) => moved.add(what));
    if (!moved.size) return;
    // Who looks back sees what was known then: nothing of it changes.
    if (window.yiping.page.isPast()) return moved.clear();
    asked = { at: performance.now(), moved: [...moved] };
    window.dash_clientside.set_props("cursor", {
      data: { seq: cursor, at: now(), moved: [...moved], laid: window.yiping.page.laid() },
    });
    moved.clear();
  }

  function answered() {
    asked = null;
  }

  function watch() {
    if (stream && heardAt && performance.now() - heardAt > SILENT_MS) lost();
  }

  function start() {
    connect();
    setInterval(tellPanels, PANELS_MS);
    setInterval(watch, 1000);
    // Ages grow, time limits pass and sensors fall silent though nothing arrives.
    setInterval(() => {
      if (root.dataset.server !== "here") return;
      moved.add("cases").add("readings");
      window.yiping.map.clocksRan();
    }, AGES_MS);
    // What slid out of the window leaves the map, and the regions are shaded by what is now.
    setInterval(() => {
      if (root.dataset.server === "here") window.yiping.map.refresh();
    }, ANEW_MS * (0.9 + Math.random() / 5));
  }

  return { start, now, cursor: () => cursor, lost, answered };
})();

/** The wall's clock shows the city's second, not this machine's: two screens agree. */
window.yiping.clock = (() => {
  function draw() {
    const time = document.querySelector(".clock-time");
    if (!time || root().dataset.server === undefined) return;
    const moment = new Date(window.yiping.live.now());
    const language = root().lang || "zh-CN";
    const zone = { timeZone: time.dataset.clock };
    time.textContent = moment.toLocaleTimeString("en-GB", zone);
    document.querySelector(".clock-date").textContent = moment.toLocaleDateString(language, {
      ...zone, year: "numeric", month: "long", day: "numeric", weekday: "long",
    });
  }
  function root() {
    return document.documentElement;
  }
  setInterval(draw, 250);
  return { draw };
})();

// The first draw has the machine to itself; changes since are asked for by cursor anyway.
window.addEventListener("load", () => setTimeout(window.yiping.live.start, 300));
