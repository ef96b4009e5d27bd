/* What the map has fetched: specification, documents, points. Nothing drawn is let go before its
 * successor is here; what fails is asked for again, ever more slowly, until it comes.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.data = (() => {
  const LONGEST_WAIT_MS = 20000;

  const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));

  /** Answers asked for before anybody wanted them: each is handed out once. */
  const early = new Map();
  function prefetch(url, form) {
    if (!early.has(url)) early.set(url, ask(url, form).catch(() => null));
    return early.get(url);
  }

  async function get(url, form) {
    const started = early.get(url);
    early.delete(url);
    return (started && (await started)) || ask(url, form);
  }

  async function ask(url, form) {
    const answer = await fetch(url);
    if (!answer.ok) throw Object.assign(new Error(`${url}: ${answer.status}`), { status: answer.status });
    return form === "json" ? answer.json() : answer.arrayBuffer();
  }

  /** Ask until there is an answer, or until nobody wants it any more. */
  async function insist(url, form, isWanted, onTrouble) {
    for (let wait = 700; ; wait = Math.min(wait * 1.7, LONGEST_WAIT_MS)) {
      try {
        const answer = await get(url, form);
        onTrouble(null);
        return answer;
      } catch (error) {
        if (!isWanted()) return null;
        onTrouble(error);
        // Half of them wait longer, so that a hundred screens do not come back in one breath.
        await pause(wait * (0.75 + Math.random() / 2));
        if (!isWanted()) return null;
      }
    }
  }

  /** One named source of the specification: what is drawn of it, and what is on the way. */
  class Source {
    constructor(name, data) {
      Object.assign(this, { name, data, value: null, fine: null, version: null, wanted: null });
    }

    /** Fetch what the specification now says, unless it is here. Immutable addresses hold a v. */
    want(said, again) {
      const asked = JSON.stringify(said);
      if (this.wanted === asked && !(again && asked.includes('"points":') && !this.isImmutable(said))) return;
      this.wanted = asked;
      this.said = said;
      this.turn = (this.turn || 0) + 1;
      this.load(said, this.turn);
    }

    isImmutable(said) {
      return said.points.includes("v=") && !said.states;
    }

    /** Ask again for what may have changed under the same address. */
    again() {
      if (this.said) this.load(this.said, (this.turn = (this.turn || 0) + 1));
    }

    /** What is heard while an answer is on the way may not be in it: it is taken in after it. */
    heard(changes) {
      if (this.missed) this.missed.push(...changes);
    }

    async load(said, turn) {
      this.missed = [];
      const isWanted = () => this.turn === turn;
      const ask = (url) => insist(url, "bytes", isWanted, (error) => this.data.trouble(this.name, error));
      const [body, states] = await Promise.all([
        this.bodyOf(said.points || said.shapes, ask),
        said.states ? ask(said.states) : null,
      ]);
      if (!body || !isWanted()) return;
      this.take(body, states);
      const { missed } = this;
      this.missed = null;
      this.data.changed(this.name, missed);
    }

    /** The bytes of an immutable address are asked for once. */
    async bodyOf(url, ask) {
      if (url.includes("v=") && this.bodyUrl === url) return this.body;
      const body = await ask(url);
      if (body) [this.bodyUrl, this.body] = [url, body];
      return body;
    }

    take(body, states) {
      const { points, documents } = window.yiping;
      if (this.name === "incidents") this.value = new points.Incidents(body, this.data.words);
      else if (this.name === "sensors") {
        const calm = this.value ? this.value.calm : 2;
        this.value = new points.Sensors(body);
        this.value.calm = calm;
        this.value.setStates(documents.unpack(states).columns.state);
      } else if (this.said.points) this.value = new points.Dots(body);
      else {
        this.value = new documents.Shapes(body);
        this.fine = this.fineUrl === this.said.fine ? this.fine : null;
      }
      this.version = {};
    }

    /** Exact borders, asked for when one is near enough to see them. */
    async refine() {
      const url = this.said && this.said.fine;
      if (!url || this.fineUrl === url) return;
      this.fineUrl = url;
      const body = await insist(url, "bytes", () => this.fineUrl === url, () => {});
      if (!body || this.fineUrl !== url) return;
      this.fine = new window.yiping.documents.Shapes(body);
      this.data.changed(this.name);
    }
  }

  class Data {
    constructor(onChange, onTrouble) {
      this.sources = new Map();
      this.onChange = onChange;
      this.onTrouble = onTrouble;
      this.troubles = new Set();
      this.words = null;
      this.names = null;
    }

    changed(name, missed) {
      this.onChange(name, missed || []);
    }

    trouble(name, error) {
      if (error) this.troubles.add(name);
      else this.troubles.delete(name);
      this.onTrouble(this.troubles.size > 0);
    }

    source(name) {
      return this.sources.get(name);
    }

    /** Fetch what is drawn at this zoom; again: even what is here, if it may have changed. */
    want(spec, wanted, again) {
      this.words = spec.words;
      for (const name of wanted) {
        const said = spec.sources[name];
        if (!said) continue;
        if (!this.sources.has(name)) this.sources.set(name, new Source(name, this));
        this.sources.get(name).want(said, again);
      }
      if (spec.labels && this.namesUrl !== spec.labels.url) this.loadNames(spec.labels.url);
    }

    async loadNames(url) {
      this.namesUrl = url;
      const names = await insist(url, "json", () => this.namesUrl === url, (error) => this.trouble("names", error));
      if (!names || this.namesUrl !== url) return;
      this.names = names;
      this.changed("names");
    }
  }

  return { Data, insist, prefetch };
})();
