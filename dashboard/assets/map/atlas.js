/* The atlas of signs: every one painted once on a canvas, in the theme's colours.
 *
 * Severity is the shape, stage the fill, and late has a dashed ring; sensors are hexagons.
 */
"use strict";
window.yiping = window.yiping || {};

window.yiping.atlas = (() => {
  const CELL = 64;
  const COLUMNS = 8;
  const SHARES = [0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1];

  function path(context, corners, radius, turn) {
    context.beginPath();
    for (let i = 0; i < corners; i++) {
      const angle = turn + (2 * Math.PI * i) / corners;
      context.lineTo(radius * Math.cos(angle), radius * Math.sin(angle));
    }
    context.closePath();
  }

  /** Severity is the shape: lozenge, triangle, square, disc. */
  function severityPath(context, severity, radius) {
    if (severity === 1) path(context, 4, radius * 1.12, 0);
    else if (severity === 2) path(context, 3, radius * 1.16, -Math.PI / 2);
    else if (severity === 3) path(context, 4, radius * 1.05, Math.PI / 4);
    else {
      context.beginPath();
      context.arc(0, 0, radius * 0.92, 0, 7);
    }
  }

  /** Stage is the fill, and it drains: full is waiting, half is in hand, empty is done. */
  function paintIncident(context, tokens, severity, progress, overdue) {
    const color = tokens[`warning-${severity}`];
    const radius = overdue ? 17 : 20;
    const low = severity === 2 ? 3 : 0;
    context.translate(0, low);
    context.lineJoin = "round";
    severityPath(context, severity, radius + 4);
    context.fillStyle = tokens.ground;
    context.globalAlpha = 0.85;
    context.fill();
    context.globalAlpha = 1;
    severityPath(context, severity, radius);
    context.save();
    context.clip();
    context.fillStyle = color;
    if (progress === 0) context.fillRect(-32, -32, 64, 64);
    else if (progress === 1) context.fillRect(-32, 0, 64, 32);
    context.restore();
    severityPath(context, severity, radius);
    context.strokeStyle = color;
    context.lineWidth = 4.5;
    context.stroke();
    context.translate(0, -low);
    if (overdue) {
      context.strokeStyle = tokens.ink;
      context.lineWidth = 3;
      context.setLineDash([9, 5]);
      context.beginPath();
      context.arc(0, 0, 27, 0, 7);
      context.stroke();
      context.setLineDash([]);
    }
  }

  function paintEnded(context, tokens) {
    context.globalAlpha = 0.7;
    context.fillStyle = tokens.offline;
    context.beginPath();
    context.arc(0, 0, 16, 0, 7);
    context.fill();
  }

  /** A gathering: a disc whose rim says how much of it is large; its count is written over it. */
  function paintGathering(context, tokens, step) {
    const share = SHARES[step];
    const width = step ? 5 : 2;
    context.beginPath();
    context.arc(0, 0, 28, 0, 7);
    context.fillStyle = tokens.panel;
    context.globalAlpha = 0.95;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = tokens.border;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(0, 0, 26, 0, 7);
    context.stroke();
    if (!step) return;
    const start = -Math.PI / 2;
    context.strokeStyle = tokens["warning-3"];
    context.lineWidth = width;
    context.beginPath();
    context.arc(0, 0, 26, start, start + 2 * Math.PI * share);
    context.stroke();
  }

  /** Sensors are hexagons, so that no state is read as an incident. */
  function paintSensor(context, tokens, state) {
    if (state === 0) {
      context.globalAlpha = 0.62;
      context.fillStyle = tokens.ok;
      context.beginPath();
      context.arc(0, 0, 20, 0, 7);
      context.fill();
      return;
    }
    if (state === 3) {
      // Offline is hollow and grey: many may be, and none of them is an alarm.
      context.globalAlpha = 0.9;
      context.strokeStyle = tokens.offline;
      context.lineWidth = 8;
      path(context, 6, 23, Math.PI / 6);
      context.stroke();
      return;
    }
    const color = tokens[state === 1 ? "warning-3" : "warning-1"];
    path(context, 6, 27, Math.PI / 6);
    context.fillStyle = tokens.ground;
    context.globalAlpha = 0.85;
    context.fill();
    context.globalAlpha = 1;
    path(context, 6, 22, Math.PI / 6);
    context.strokeStyle = color;
    context.lineWidth = state === 2 ? 4 : 5;
    context.lineJoin = "round";
    context.stroke();
    context.fillStyle = color;
    path(context, state === 2 ? 6 : 3, state === 2 ? 14 : 11, -Math.PI / 2);
    context.fill();
  }

  const ICON = {
    incident: (severity, progress, overdue) => (severity - 1) * 6 + progress * 2 + (overdue ? 1 : 0),
    ended: 24,
    /** General cases are the everyday and no warning; the share of large ones colours the rim. */
    gathering: (share) => 25 + (share > 0 ? Math.max(1, SHARES.findLastIndex((step) => share >= step)) : 0),
    sensor: (state) => 32 + state,
  };

  /** Paint every sign; cells are at ICON's numbers, row by row. */
  function paintAtlas(tokens) {
    const canvas = document.createElement("canvas");
    canvas.width = CELL * COLUMNS;
    canvas.height = CELL * 5;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const paint = (icon, draw) => {
      context.save();
      context.translate((icon % COLUMNS) * CELL + CELL / 2, Math.floor(icon / COLUMNS) * CELL + CELL / 2);
      draw();
      context.restore();
    };
    for (let severity = 1; severity <= 4; severity++) {
      for (let progress = 0; progress < 3; progress++) {
        for (const overdue of [false, true]) {
          const icon = ICON.incident(severity, progress, overdue);
          paint(icon, () => paintIncident(context, tokens, severity, progress, overdue));
        }
      }
    }
    SHARES.forEach((share, step) => paint(ICON.gathering(share), () => paintGathering(context, tokens, step)));
    paint(ICON.ended, () => paintEnded(context, tokens));
    for (let state = 0; state < 4; state++) paint(ICON.sensor(state), () => paintSensor(context, tokens, state));
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }

  return { paintAtlas, ICON, CELL, COLUMNS };
})();
