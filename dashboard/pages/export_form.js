// The form that asks for a file: sends it, follows it, shows a preview of the sheet.
(() => {
  "use strict";
  const { seen, sheets, usual, zone, words, language, theme } = window.exportForm;
  const form = document.getElementById("export-form");
  const [make, cancel] = form.querySelectorAll(".buttons button");
  const fault = form.querySelector(".form-fault");
  const outcome = form.querySelector(".outcome");
  const preview = document.querySelector(".preview");
  const previewSaid = document.querySelector(".preview-said");
  const KEPT = ["unit", "reviewer", "user", "template"];
  const PAUSE_MS = 900;
  let waiting = 0;
  let number = null;
  let shown = "";
  let format = "pdf";

  const kept = (name) => window.localStorage.getItem(`export-${name}`);
  for (const name of KEPT) if (kept(name)) form.elements[name].value = kept(name);
  if (!form.elements.template.value) form.elements.template.selectedIndex = 0;

  /** What somebody types is the city's clock, wherever the browser stands. */
  function instant(local) {
    const asUtc = new Date(`${local}:00Z`);
    const parts = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit",
    }).formatToParts(asUtc);
    const of = (type) => Number(parts.find((part) => part.type === type).value);
    const there = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
    return new Date(asUtc.getTime() - (there - asUtc.getTime())).toISOString();
  }

  function asked() {
    const said = Object.fromEntries(new FormData(form));
    const wanted = { ...seen };
    delete wanted.at;
    for (const [name, value] of Object.entries(said)) if (value) wanted[name] = value;
    if (wanted.at) wanted.at = instant(wanted.at);
    if (/^\d+$/.test(wanted.scale)) wanted.scale = Number(wanted.scale);
    if (!sheets.includes(wanted.format)) for (const name of ["template", "scale", "subject"]) delete wanted[name];
    return wanted;
  }

  const isSheet = () => sheets.includes(form.elements.format.value);

  function drawPreview() {
    document.body.classList.toggle("no-sheet", !isSheet());
    // An atlas is a PDF; what is disabled is not asked for.
    if (form.elements.atlas) form.elements.atlas.disabled = form.elements.format.value !== "pdf";
    if (!isSheet()) return;
    const wanted = JSON.stringify({ ...asked(), format: "png" });
    if (wanted === shown) return;
    shown = wanted;
    previewSaid.textContent = words.drawing;
    const address = `/exports/preview.png?request=${encodeURIComponent(wanted)}`;
    // The old picture stays until the new one is here.
    fetch(address).then(async (answer) => {
      if (wanted !== shown) return;
      if (!answer.ok) throw new Error(said((await answer.json()).detail));
      const url = URL.createObjectURL(await answer.blob());
      URL.revokeObjectURL(preview.src);
      preview.src = url;
      previewSaid.textContent = "";
    }).catch((error) => {
      if (wanted === shown) previewSaid.textContent = error.message || words["no-preview"];
    });
  }

  /** A presentation begins as a slide; who chose another sheet keeps it. */
  function fitTemplate() {
    const [before, now] = [format, form.elements.format.value];
    format = now;
    const template = form.elements.template;
    if (usual[before] === usual[now] || !usual[now]) return;
    if (now === "pptx" || template.value === usual[before]) template.value = usual[now];
  }

  function said(detail) {
    const all = Array.isArray(detail) ? detail : [detail];
    return all.map((one) => `${one.error} ${one.remedy}`).join(" ");
  }

  function changed() {
    fitTemplate();
    window.clearTimeout(waiting);
    waiting = window.setTimeout(drawPreview, PAUSE_MS);
  }

  function busy(is) {
    make.disabled = is;
    cancel.hidden = !is;
  }

  async function send(event) {
    event.preventDefault();
    fault.textContent = "";
    outcome.textContent = "";
    for (const name of KEPT) {
      // The slide of a presentation is not the sheet of the next map.
      if (name === "template" && format === "pptx") continue;
      window.localStorage.setItem(`export-${name}`, form.elements[name].value);
    }
    busy(true);
    // Sent twice by an impatient hand, it is one export.
    const key = Array.from(window.crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("");
    try {
      const answer = await fetch("/api/v1/exports", {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": key, "Accept-Language": language },
        body: JSON.stringify(asked()),
      });
      const told = await answer.json();
      if (!answer.ok) throw new Error(said(told.detail));
      number = told.number;
      follow();
    } catch (error) {
      fault.textContent = error.message;
      busy(false);
    }
  }

  async function follow() {
    try {
      const told = await (await fetch(`/api/v1/exports/${encodeURIComponent(number)}`, { headers: { "Accept-Language": language } })).json();
      show(told);
      if (["queued", "running"].includes(told.state)) window.setTimeout(follow, 700);
      else busy(false);
    } catch (error) {
      window.setTimeout(follow, 2000);
    }
  }

  function show(told) {
    outcome.replaceChildren();
    const line = document.createElement("p");
    line.className = "state";
    const page = told.state === "running" && /^page (\d+)\/(\d+)$/.exec(told.step || "");
    const at = page ? ` · ${words.page.replace("{page}", page[1]).replace("{pages}", page[2])}` : "";
    line.textContent = `${told.number} · ${words[told.state]}${at}`;
    outcome.append(line);
    if (told.state === "running" || told.state === "queued") {
      const bar = document.createElement("span");
      bar.className = "progress";
      const done = document.createElement("i");
      done.style.width = `${Math.round(100 * (told.share || 0))}%`;
      bar.append(done);
      outcome.append(bar);
    }
    for (const problem of told.problems) {
      const text = document.createElement("p");
      text.className = "fault";
      text.textContent = `${problem.error} ${problem.remedy}`;
      outcome.append(text);
    }
    if (told.file) outcome.append(link(told.file, words.download, "button"));
    outcome.append(link(`${told.page}?lang=${language}&theme=${theme}`, words.record, "choice"));
  }

  function link(address, text, look) {
    const made = document.createElement("a");
    made.href = address;
    made.textContent = text;
    made.className = look;
    made.target = "_top";
    return made;
  }

  form.addEventListener("submit", send);
  form.addEventListener("input", changed);
  cancel.addEventListener("click", () => {
    if (number) fetch(`/api/v1/exports/${encodeURIComponent(number)}`, { method: "DELETE" });
  });
  if (window.self !== window.top) document.body.classList.add("framed");
  drawPreview();
})();
