// The form that asks for a report: shows what it will say, sends it, follows the files.
(() => {
  "use strict";
  const { words, periods, language, theme, at } = window.reportForm;
  const form = document.getElementById("report-form");
  const make = form.querySelector(".buttons button");
  const fault = form.querySelector(".form-fault");
  const outcome = form.querySelector(".outcome");
  const preview = document.querySelector(".report-preview");
  const previewSaid = document.querySelector(".preview-said");
  const KEPT = ["unit", "reviewer", "user", "letterhead"];
  const TEXTS = ["leader", "staff", "unit", "symbol", "reviewer", "user", "secrecy", "secrecy_term"];
  const PAUSE_MS = 500;
  let waiting = 0;
  let shown = "";

  const kept = (name) => window.localStorage.getItem(`report-${name}`);
  for (const name of KEPT) if (kept(name)) form.elements[name].value = kept(name);

  const kind = () => form.elements.kind.value;

  function offerPeriods() {
    const options = periods[kind()].map(([key, name]) => new Option(name, key));
    form.elements.period.replaceChildren(...options);
  }

  function asked() {
    const wanted = { kind: kind(), period: form.elements.period.value, region: form.elements.region.value };
    if (at) wanted.at = at;
    return wanted;
  }

  function drawPreview() {
    const wanted = new URLSearchParams({ ...asked(), lang: language, theme, leader: form.elements.leader.value, staff: form.elements.staff.value }).toString();
    if (wanted === shown) return;
    shown = wanted;
    previewSaid.textContent = words.preparing;
    // The old page stays until the new one is here.
    fetch(`/reports/preview?${wanted}`).then(async (answer) => {
      const text = await answer.text();
      if (wanted !== shown) return;
      preview.innerHTML = text;
      previewSaid.textContent = "";
    }).catch((error) => {
      if (wanted === shown) previewSaid.textContent = error.message;
    });
  }

  function changed(event) {
    if (event.target.name === "kind") offerPeriods();
    window.clearTimeout(waiting);
    waiting = window.setTimeout(drawPreview, PAUSE_MS);
  }

  function said(detail) {
    const all = Array.isArray(detail) ? detail : [detail];
    return all.map((one) => `${one.error} ${one.remedy}`).join(" ");
  }

  async function send(event) {
    event.preventDefault();
    fault.textContent = "";
    outcome.replaceChildren();
    for (const name of KEPT) window.localStorage.setItem(`report-${name}`, form.elements[name].value);
    const order = { ...asked(), letterhead: form.elements.letterhead.value };
    for (const name of TEXTS) if (form.elements[name].value) order[name] = form.elements[name].value;
    order.formats = new FormData(form).getAll("formats");
    make.disabled = true;
    // Sent twice by an impatient hand, it is one report.
    const key = Array.from(window.crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("");
    try {
      const answer = await fetch("/api/v1/reports", {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": key, "Accept-Language": language },
        body: JSON.stringify(order),
      });
      const told = await answer.json();
      if (!answer.ok) throw new Error(said(told.detail));
      for (const one of told) follow(one.number, line());
    } catch (error) {
      fault.textContent = error.message;
    }
    make.disabled = false;
  }

  function line() {
    const made = document.createElement("p");
    made.className = "state";
    outcome.append(made);
    return made;
  }

  async function follow(number, place) {
    try {
      const address = `/api/v1/exports/${encodeURIComponent(number)}`;
      const told = await (await fetch(address, { headers: { "Accept-Language": language } })).json();
      show(told, place);
      if (["queued", "running"].includes(told.state)) window.setTimeout(() => follow(number, place), 700);
    } catch (error) {
      window.setTimeout(() => follow(number, place), 2000);
    }
  }

  function show(told, place) {
    place.replaceChildren(`${told.number} · ${told.request.format.toUpperCase()} · ${words[told.state]} `);
    for (const problem of told.problems) place.append(`${problem.error} ${problem.remedy} `);
    if (told.file) place.append(link(told.file, words.download), " ");
    place.append(link(`${told.page}?lang=${language}&theme=${theme}`, words.record));
  }

  function link(address, text) {
    const made = document.createElement("a");
    made.href = address;
    made.textContent = text;
    made.className = "choice";
    made.target = "_top";
    return made;
  }

  form.addEventListener("submit", send);
  form.addEventListener("input", changed);
  offerPeriods();
  drawPreview();
})();
