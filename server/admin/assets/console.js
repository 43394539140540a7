// The console: reads /v1 and shows it. No framework, no state but what is on the page. The views stand in the other
// files; this one comes last and starts.
'use strict';

// ---- small tools ----

const $ = id => document.getElementById(id);

/** An element with attributes and children; text is never taken for markup. */
function h(name, attributes = {}, ...children) {
  const svg = ['svg', 'polyline', 'line', 'rect'].includes(name);
  const made = svg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter(child => child !== null && child !== undefined));
  return made;
}

const count = new Intl.NumberFormat('en', {maximumFractionDigits: 1});

function size(bytes) {
  let unit = 0;
  while (bytes >= 1024 && unit < 4) { bytes /= 1024; unit++; }
  return count.format(bytes) + ' ' + ['B', 'KiB', 'MiB', 'GiB', 'TiB'][unit];
}

function duration(ms) {
  const s = Math.floor(ms / 1000);
  if (s < 60) return (ms / 1000).toFixed(s < 10 ? 1 : 0) + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min ' + s % 60 + ' s';
  if (s < 86400) return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
  return Math.floor(s / 86400) + ' d ' + Math.floor(s % 86400 / 3600) + ' h';
}

const when = ms => ms ? new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC') : '-';
const encodePath = path => path.split('/').map(encodeURIComponent).join('/');
const join = (parent, name) => (parent === '/' ? '' : parent) + '/' + name;

function alertText(text) {
  $('alert').textContent = text || '';
  $('alert').hidden = !text;
}

// ---- the server ----

class Problem extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}

function credentials() {
  const authorization = sessionStorage.getItem('authorization');
  return authorization ? {Authorization: authorization} : {};
}

/** The JSON of an answer; a problem is thrown. /readyz answers with 503 and no problem. */
async function ask(path, options = {}) {
  const reply = await fetch(path, {...options, headers: {...credentials(), ...options.headers}});
  const body = reply.status === 204 ? {} : await reply.json().catch(() => ({}));
  const isProblem = !reply.ok && (reply.status !== 503 || body.detail);
  if (isProblem) throw new Problem(reply.status, body.detail || reply.statusText);
  return body;
}

const get = path => ask(path);

let may = {};           // what the caller may do here, by the names of /v1/access

async function learnAccess() {
  may = (await get('/v1/access').catch(() => ({may: {}}))).may;
}

/** Asks before something is changed; resolves to whether it may be. */
function confirmed(question, detail, verb) {
  const dialog = h('dialog', {class: 'confirm', 'aria-label': question}, h('form', {method: 'dialog'}, h('h2', {}, question),
    h('p', {}, detail), h('menu', {}, h('button', {value: 'no', type: 'submit', autofocus: true}, 'Cancel'),
      h('button', {value: 'yes', type: 'submit', class: 'danger'}, verb))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener('close', () => {
    dialog.remove();
    resolve(dialog.returnValue === 'yes');
  }));
}

/** Runs something that may fail, and tells how it went. */
async function attempt(what, doneText) {
  try {
    await what();
    notify(doneText);
    return true;
  } catch (problem) {
    if (problem.status === 401) askForCredentials();
    notify(problem.message, true);
    return false;
  }
}

function notify(text, isBad = false) {
  const note = $('note');
  note.textContent = text;
  note.className = isBad ? 'bad' : 'good';
  note.hidden = false;
  clearTimeout(note.timer);
  note.timer = setTimeout(() => { note.hidden = true; }, 6000);
}

function askForCredentials() {
  if (!$('sign-in-dialog').open) $('sign-in-dialog').showModal();
}

$('sign-in').addEventListener('click', askForCredentials);
$('sign-in-dialog').addEventListener('close', () => {
  const choice = $('sign-in-dialog').returnValue;
  const [token, user, password] = ['token', 'user', 'password'].map(id => $(id).value);
  if (choice === 'in') {
    const basic = btoa(String.fromCharCode(...new TextEncoder().encode(user + ':' + password)));
    sessionStorage.setItem('authorization', token ? 'Bearer ' + token : 'Basic ' + basic);
  } else if (choice === 'out') {
    sessionStorage.removeItem('authorization');
  }
  for (const id of ['token', 'user', 'password']) $(id).value = '';
  $('sign-in').textContent = sessionStorage.getItem('authorization') ? 'Signed in' : 'Sign in';
  learnAccess().then(show);
});

// ---- views: each has a function that builds it and one that refreshes it ----

let current = null;     // {name, everyMs, refresh, leave}
let timer = 0;
let generation = 0;     // of the shown view: answers to an earlier one are dropped

async function refreshAndRepeat(mine) {
  try {
    const [, ready] = await Promise.all([current.refresh(), get('/readyz')]);
    if (mine !== generation) return;
    showHealth(ready);
    alertText('');
  } catch (problem) {
    if (mine !== generation) return;
    if (problem.status === 401) askForCredentials();
    alertText(problem instanceof Problem ? problem.message : 'The server does not answer: ' + problem.message);
  }
  timer = setTimeout(() => refreshAndRepeat(mine), document.hidden ? 10000 : current.everyMs);
}

function show() {
  clearTimeout(timer);
  generation++;
  const [, name, rest] = location.hash.match(/^#\/([a-z]*)(.*)$/) || [null, 'overview', ''];
  const views = {overview, tree, live, sessions, locks, traffic, slow, why, ensemble, configuration};
  const view = views[name] || overview;
  for (const link of document.querySelectorAll('nav a')) {
    const here = link.getAttribute('href').startsWith('#/' + (view === overview ? 'overview' : name));
    here ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current');
    if (here) link.scrollIntoView({block: 'nearest', inline: 'nearest'});
  }
  if (current && current.name === name && current.select) {
    current.select(rest);
  } else {
    current?.leave?.();
    $('view').replaceChildren();
    current = view(rest);
  }
  refreshAndRepeat(generation);
}

/** Puts new content in place of the old one; what had the focus has it again, by its data-key. */
function renew(container, ...content) {
  const key = container.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  container.replaceChildren(...content);
  if (key) container.querySelector('[data-key="' + CSS.escape(key) + '"]')?.focus({preventScroll: true});
}

/** A table of head cells and rows; a row is an array of cells, a cell text, a node, or [text, class]. */
function table(heads, rows, empty) {
  const cell = each => Array.isArray(each) ? h('td', {class: each[1]}, each[0]) : h('td', {}, each);
  const body = rows.map(row => h('tr', {}, row.map(cell)));
  if (!rows.length) body.push(h('tr', {}, h('td', {colspan: heads.length, class: 'soft'}, empty)));
  // A head stands over its column: numbers at the right.
  const isNumber = index => rows.length && Array.isArray(rows[0][index]) && String(rows[0][index][1]).includes('number');
  const head = (each, index) => h('th', {scope: 'col', class: isNumber(index) ? 'number' : null}, each);
  return h('div', {class: 'scroll'}, h('table', {}, h('thead', {}, h('tr', {}, heads.map(head))),
    h('tbody', {}, body)));
}

const panel = (title, ...content) => h('div', {class: 'card'}, h('h2', {}, title), content);
const treeLink = path => h('a', {href: '#/tree' + encodePath(path), class: 'mono'}, path);
const number = value => [count.format(value), 'number'];
const mono = value => [value ?? '-', 'mono'];
const ago = ms => [duration(Math.max(0, Date.now() - ms)) + ' ago', 'still'];

function card(label, note) {
  const value = h('div', {class: 'value'}, '-');
  const remark = h('div', {class: 'note'}, note || '');
  return {node: h('div', {class: 'card'}, h('div', {class: 'label'}, label), value, remark),
    set(text, below) { value.textContent = text; if (below !== undefined) remark.textContent = below; return value; }};
}

function showHealth(ready) {
  const all = [...ready.reasons || [], ...ready.warnings || []];
  $('health').className = ready.status !== 'ok' ? 'bad' : all.length ? 'warn' : 'good';
  $('health').textContent = all.length ? all.map(each => each.reason.replace('_', ' ')).join(', ') : 'healthy';
  $('health').title = all.map(each => each.detail).join('\n');
}

// ---- configuration ----

function configuration() {
  const rows = h('tbody'), level = h('p', {class: 'soft'});
  $('view').append(h('div', {class: 'card scroll'}, h('h2', {}, 'Configuration in effect'), level, h('table', {}, rows)));
  return {name: 'configuration', everyMs: 10000, async refresh() {
    const [known, logging] = await Promise.all([get('/v1/configuration'), get('/v1/log-level')]);
    level.textContent = 'Log level now: ' + logging.level;
    rows.replaceChildren(...Object.entries(known.effective).map(([key, value]) =>
      h('tr', {}, h('th', {class: 'mono'}, key), h('td', {class: 'mono'}, value || h('span', {class: 'soft'}, 'not set')))));
  }};
}

// ---- keys and theme ----

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem('theme', theme);
}

const otherTheme = () => document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
$('theme').addEventListener('click', () => setTheme(otherTheme()));
setTheme(localStorage.getItem('theme') || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || document.querySelector('dialog[open]')) return;
  const links = [...document.querySelectorAll('nav a')];
  const wanted = links.findIndex(each => each.getAttribute('accesskey') === event.key);
  if (wanted >= 0) links[wanted].click();
  else if (event.key === 't') setTheme(otherTheme());
  else if (event.key === '/') { event.preventDefault(); if (!$('path')) location.hash = '#/tree/'; setTimeout(() => $('path')?.select()); }
});

window.addEventListener('hashchange', show);
/** At once; what is shown, and what was typed, stays. A loop that runs already ends. */
function refreshNow() {
  clearTimeout(timer);
  refreshAndRepeat(++generation);
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) refreshNow(); });
if (sessionStorage.getItem('authorization')) $('sign-in').textContent = 'Signed in';
learnAccess();
show();
