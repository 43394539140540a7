// The console: reads /v1 and shows it. No framework, no state but what is on the page.
'use strict';

// ---- small tools ----

const $ = id => document.getElementById(id);

/** An element with attributes and children; text is never taken for markup. */
function h(name, attributes = {}, ...children) {
  const svg = ['svg', 'polyline', 'line'].includes(name);
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

async function get(path) {
  const authorization = sessionStorage.getItem('authorization');
  const reply = await fetch(path, {headers: authorization ? {Authorization: authorization} : {}});
  const body = await reply.json().catch(() => ({}));
  if (!reply.ok && reply.status !== 503) throw new Problem(reply.status, body.detail || reply.statusText);
  if (reply.status === 503 && body.detail) throw new Problem(503, body.detail);
  return body;
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
  show();
});

// ---- views: each has a function that builds it and one that refreshes it ----

let current = null;     // {refresh, everyMs}
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
  const view = {overview, tree, sessions, ensemble, configuration}[name] || overview;
  for (const link of document.querySelectorAll('nav a')) {
    const here = link.getAttribute('href').startsWith('#/' + (view === overview ? 'overview' : name));
    here ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current');
  }
  if (view === tree && current && current.name === 'tree') {
    current.select(decodeTreePath(rest));
  } else {
    $('view').replaceChildren();
    current = view(rest);
  }
  refreshAndRepeat(generation);
}

function card(label, note) {
  const value = h('div', {class: 'value'}, '-');
  const remark = h('div', {class: 'note'}, note || '');
  return {node: h('div', {class: 'card'}, h('div', {class: 'label'}, label), value, remark),
    set(text, below) { value.textContent = text; if (below !== undefined) remark.textContent = below; return value; }};
}

// ---- overview ----

const samples = [];     // of /v1/status, one a second, as long as the page is open
const samplesKept = 180;

function chart(title, unit, series) {
  const lines = series.map((_, index) => h('polyline', {class: 'ab'[index]}));
  const top = h('span', {class: 'soft'});
  const legend = series.map((each, index) => h('span', {class: 'ab'[index]}));
  const node = h('div', {class: 'card chart'},
    h('div', {class: 'label'}, title, ' ', top),
    h('svg', {viewBox: '0 0 ' + samplesKept + ' 100', preserveAspectRatio: 'none', role: 'img', 'aria-label': title},
      h('line', {class: 'grid', x1: 0, x2: samplesKept, y1: 99, y2: 99}), lines),
    h('div', {class: 'legend'}, legend));
  return {node, draw() {
    const values = series.map(each => samples.slice(1).map((now, index) => each.value(now, samples[index])));
    const most = Math.max(1e-9, ...values.flat());
    top.textContent = 'up to ' + count.format(most) + ' ' + unit;
    values.forEach((points, index) => {
      const start = samplesKept - points.length;
      lines[index].setAttribute('points', points.map((value, x) => (start + x) + ',' + (98 - 94 * value / most)).join(' '));
      const last = points.length ? points[points.length - 1] : 0;
      legend[index].textContent = series[index].name + ' ' + count.format(last) + ' ' + unit;
    });
  }};
}

const rate = key => (now, before) =>
  Math.max(0, now[key] - before[key]) * 1000 / Math.max(1, now.at - before.at);

/** The mean of what was measured between two looks. */
const mean = stage => (now, before) => {
  const [a, b] = [now.latency[stage], before.latency[stage]];
  return a && b && a.count > b.count ? (a.sum_ms - b.sum_ms) / (a.count - b.count) : 0;
};

function overview() {
  const cards = {};
  const grid = h('div', {class: 'cards'});
  for (const [key, label] of [['mode', 'Role'], ['zxid', 'Last transaction'], ['nodes', 'Nodes'], ['sessions', 'Sessions'],
    ['watches', 'Watches'], ['outstanding', 'Outstanding requests'], ['disk', 'On disk'], ['uptime', 'Up']]) {
    cards[key] = card(label);
    grid.append(cards[key].node);
  }
  const charts = [
    chart('Requests', '/s', [{name: 'reads', value: rate('reads_total')}, {name: 'writes', value: rate('writes_total')}]),
    chart('Mean latency', 'ms', [{name: 'read', value: mean('read')}, {name: 'write', value: mean('write')}]),
    chart('Mean time of a write in', 'ms', [{name: 'log sync', value: mean('log_sync')}, {name: 'commit', value: mean('commit')}]),
  ];
  const stages = h('tbody');
  const members = h('div');
  $('view').append(grid, h('div', {class: 'charts'}, charts.map(each => each.node)),
    h('div', {class: 'card scroll'}, h('h2', {}, 'Latency since the start'), h('table', {},
      h('thead', {}, h('tr', {}, ['', 'count', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms'].map(each => h('th', {}, each)))), stages)),
    members);
  return {name: 'overview', everyMs: 1000, async refresh() {
    const [status, known] = await Promise.all([get('/v1/status'), get('/v1/ensemble')]);
    status.at = performance.now();
    samples.push(status);
    if (samples.length > samplesKept) samples.shift();
    cards.mode.set(status.serving ? status.mode : 'not serving', 'server ' + status.server_id + ', epoch ' + status.epoch +
      (status.mode === 'follower' ? ', leader ' + status.leader_id : '')).className = 'value ' + (status.serving ? 'good' : 'bad');
    cards.zxid.set(status.last_applied_zxid, count.format(status.commits_total) + ' since the start');
    cards.nodes.set(count.format(status.node_count), size(status.data_size_bytes) + ' of data, ' + count.format(status.ephemeral_count) + ' ephemeral');
    cards.sessions.set(count.format(status.session_count), count.format(status.connection_count) + ' connections here, ' +
      count.format(status.sessions_expired_total) + ' expired');
    cards.watches.set(count.format(status.watch_count));
    cards.outstanding.set(count.format(status.outstanding_count));
    cards.disk.set(size(status.checkpoint_size_bytes + status.log_size_bytes), 'log ' + size(status.log_size_bytes) + ', checkpoint ' +
      size(status.checkpoint_size_bytes) + ', unsaved ' + size(status.unsaved_bytes));
    cards.uptime.set(duration(status.uptime_ms), status.version.split(',')[0]);
    charts.forEach(each => each.draw());
    stages.replaceChildren(...Object.entries(status.latency).map(([name, each]) => h('tr', {},
      h('td', {}, name.replace('_', ' ')), [each.count, each.p50_ms, each.p99_ms, each.p999_ms, each.max_ms]
        .map(value => h('td', {class: 'number'}, count.format(value))))));
    members.replaceChildren(...(known.members.length > 1 ? [memberTable(known)] : []));
  }};
}

function showHealth(ready) {
  const all = [...ready.reasons || [], ...ready.warnings || []];
  $('health').className = ready.status !== 'ok' ? 'bad' : all.length ? 'warn' : 'good';
  $('health').textContent = all.length ? all.map(each => each.reason.replace('_', ' ')).join(', ') : 'healthy';
  $('health').title = all.map(each => each.detail).join('\n');
}

// ---- ensemble ----

function memberTable(known) {
  const roleOf = each => each.is_leader ? 'leader' : each.is_voter ? 'follower' : 'observer';
  const state = each => {
    if (each.is_self) return known.role;
    if (!each.following) return known.leader_id === known.server_id ? h('span', {class: 'bad'}, 'not connected') : '-';
    return h('span', {class: each.following.is_in_sync ? 'good' : 'warn'},
      each.following.is_in_sync ? 'in sync' : 'behind by ' + count.format(each.following.lag_transactions));
  };
  return h('div', {class: 'card scroll'}, h('h2', {}, 'Members'), h('table', {},
    h('thead', {}, h('tr', {}, ['Server', 'Role', 'State', 'Acknowledged', 'Fed from', 'Weight', 'Address'].map(each => h('th', {}, each)))),
    h('tbody', {}, known.members.map(each => h('tr', {},
      h('td', {}, each.server_id + (each.is_self ? ' (this one)' : '')), h('td', {}, roleOf(each)), h('td', {}, state(each)),
      h('td', {class: 'mono'}, each.following ? each.following.acknowledged_zxid : '-'),
      h('td', {}, each.following ? each.following.fed_from : '-'), h('td', {}, String(each.weight)),
      h('td', {class: 'mono'}, each.address || '-'))))));
}

function ensemble() {
  const facts = h('tbody'), events = h('tbody'), members = h('div');
  $('view').append(h('div', {class: 'stack'}, members,
    h('div', {class: 'card scroll'}, h('h2', {}, 'What this server knows'), h('table', {}, facts)),
    h('div', {class: 'card scroll'}, h('h2', {}, 'Elections and replication since the start'), h('table', {}, events))));
  return {name: 'ensemble', everyMs: 1000, async refresh() {
    const known = await get('/v1/ensemble');
    members.replaceChildren(memberTable(known));
    facts.replaceChildren(...Object.entries(known).filter(([, value]) => typeof value !== 'object' || value === null)
      .map(([key, value]) => h('tr', {}, h('th', {}, key.replaceAll('_', ' ')), h('td', {class: 'mono'}, String(value ?? '-')))));
    events.replaceChildren(...Object.entries(known.events).filter(([, value]) => value !== 0)
      .map(([key, value]) => h('tr', {}, h('th', {}, key.replaceAll('_', ' ')), h('td', {class: 'number'}, count.format(value)))));
  }};
}

// ---- sessions ----

function sessions() {
  const rows = h('tbody'), detail = h('div'), more = h('button', {type: 'button', hidden: true}, 'Next page');
  const first = h('button', {type: 'button', hidden: true}, 'First page');
  let after = null, next = null, chosen = null;
  more.addEventListener('click', () => { after = next; show_(); });
  first.addEventListener('click', () => { after = null; show_(); });
  const show_ = () => { clearTimeout(timer); refreshAndRepeat(generation); };
  $('view').append(h('div', {class: 'stack'}, h('div', {class: 'card scroll'}, h('h2', {}, 'Sessions'), h('table', {},
    h('thead', {}, h('tr', {}, ['Session', 'Address', 'Idle', 'Timeout', 'Expires in', 'Ephemerals', 'Received', 'Last zxid']
      .map(each => h('th', {}, each)))), rows), h('div', {class: 'path'}, first, more)), detail));
  return {name: 'sessions', everyMs: 2000, async refresh() {
    const page = await get('/v1/sessions?limit=100' + (after ? '&after=' + after : ''));
    next = page.next_after;
    more.hidden = !next;
    first.hidden = !after;
    rows.replaceChildren(...page.sessions.map(each => {
      const at = each.connection;
      const choose = h('button', {type: 'button', class: 'mono', onclick: () => { chosen = each.session_id; show_(); }}, each.session_id);
      return h('tr', {}, h('td', {}, choose), h('td', {class: 'mono'}, at ? at.address : 'elsewhere'),
        h('td', {class: 'number'}, at && at.idle_ms !== null ? duration(at.idle_ms) : '-'),
        h('td', {class: 'number'}, duration(each.timeout_ms)), h('td', {class: 'number'}, duration(each.expires_in_ms)),
        h('td', {class: 'number'}, count.format(each.ephemeral_count)),
        h('td', {class: 'number'}, at ? count.format(at.received_count) : '-'), h('td', {class: 'mono'}, at ? at.last_zxid : '-'));
    }));
    if (!page.sessions.length) rows.append(h('tr', {}, h('td', {colspan: 8, class: 'soft'}, 'Nobody is here.')));
    if (chosen) detail.replaceChildren(await sessionCard(chosen));
  }};
}

async function sessionCard(id) {
  try {
    const known = await get('/v1/sessions/' + id);
    const link = path => h('a', {href: '#/tree' + encodePath(path), class: 'mono'}, path);
    return h('div', {class: 'card scroll'}, h('h2', {}, 'Session ', h('code', {}, id)),
      h('table', {}, h('tbody', {},
        h('tr', {}, h('th', {}, 'Ephemeral nodes'), h('td', {}, known.ephemerals.length ? known.ephemerals.map(path => h('div', {}, link(path))) : 'none')),
        h('tr', {}, h('th', {}, 'Watches'), h('td', {}, known.watches.length
          ? known.watches.map(each => h('div', {}, link(each.path), ' ', h('span', {class: 'soft'}, each.kind))) : 'none')))));
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    return h('div', {class: 'card'}, 'The session ', h('code', {}, id), ' is over.');
  }
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

// ---- the tree ----

function decodeTreePath(rest) {
  try {
    return decodeURIComponent(rest).replace(/\/+$/, '') || '/';
  } catch {
    return '/';
  }
}

const pageSize = 100;

function tree(rest) {
  const open = new Map();     // path -> {children, next, cversion}, of the families that are shown
  let selected = decodeTreePath(rest);
  let form = 'auto';
  let shownData = null;       // what the data pane shows: do not touch it unless it changes
  const input = h('input', {id: 'path', 'aria-label': 'Path of a node', spellcheck: 'false', autocapitalize: 'off'});
  const go = h('form', {class: 'path', onsubmit: event => { event.preventDefault(); location.hash = '#/tree' + encodePath(input.value.trim() || '/'); }},
    input, h('button', {type: 'submit'}, 'Go'));
  const list = h('div', {class: 'card tree', role: 'tree', 'aria-label': 'Nodes'});
  const pane = h('div', {class: 'stack'});
  $('view').append(go, h('div', {class: 'split'}, list, pane));

  async function load(path, after) {
    const query = '?stat&limit=' + pageSize + (after ? '&after=' + encodeURIComponent(after) : '');
    const page = await get('/v1/children' + encodePath(path) + query);
    const before = after ? open.get(path).children : [];
    open.set(path, {children: before.concat(page.children), next: page.next_after, cversion: page.cversion});
  }

  async function toggle(path) {
    open.has(path) ? open.delete(path) : await load(path);
    draw();
  }

  function item(path, name, childCount, isRoot = false) {
    const mark = childCount || isRoot ? (open.has(path) ? '\u25be ' : '\u25b8 ') : '\u00a0\u00a0 ';
    return h('button', {type: 'button', class: 'item', role: 'treeitem', 'data-path': path, tabindex: path === selected ? 0 : -1,
      'aria-selected': String(path === selected), 'aria-expanded': childCount || isRoot ? String(open.has(path)) : null,
      onclick: () => { location.hash = '#/tree' + encodePath(path); if (path === selected && (childCount || isRoot)) toggle(path).catch(report); },
      ondblclick: () => toggle(path).catch(report)},
    mark, name, childCount ? h('span', {class: 'count'}, ' ' + count.format(childCount)) : null);
  }

  function family(path) {
    const known = open.get(path);
    const rows = known.children.map(each => {
      const below = join(path, each.name);
      return h('li', {role: 'none'}, item(below, each.name, each.stat ? each.stat.child_count : 0), open.has(below) ? family(below) : null);
    });
    if (known.next) {
      rows.push(h('li', {role: 'none'}, h('button', {type: 'button', class: 'item', 'data-more': path,
        onclick: () => load(path, known.next).then(draw).catch(report)}, '\u00a0\u00a0 more ...')));
    }
    return h('ul', {role: 'group'}, rows);
  }

  function draw() {
    const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.path : null;
    const top = list.scrollTop;
    list.replaceChildren(h('ul', {}, h('li', {role: 'none'}, item('/', '/', 0, true), open.has('/') ? family('/') : null)));
    list.scrollTop = top;
    if (focused) list.querySelector('[data-path="' + CSS.escape(focused) + '"]')?.focus({preventScroll: true});
  }

  const report = problem => alertText(problem.message);

  list.addEventListener('keydown', event => {
    const items = [...list.querySelectorAll('.item')];
    const at = items.indexOf(document.activeElement);
    const path = document.activeElement.dataset.path;
    const focus = index => { event.preventDefault(); items[Math.max(0, Math.min(items.length - 1, index))]?.focus(); };
    if (event.key === 'ArrowDown') focus(at + 1);
    else if (event.key === 'ArrowUp') focus(at - 1);
    else if (event.key === 'Home') focus(0);
    else if (event.key === 'End') focus(items.length - 1);
    else if (event.key === 'ArrowRight' && path && !open.has(path)) { event.preventDefault(); toggle(path).catch(report); }
    else if (event.key === 'ArrowLeft' && path) {
      event.preventDefault();
      if (open.has(path)) toggle(path).catch(report);
      else list.querySelector('[data-path="' + CSS.escape(path.slice(0, path.lastIndexOf('/')) || '/') + '"]')?.focus();
    }
  });

  async function reveal(path) {
    const names = path.split('/').filter(Boolean);
    let parent = '/';
    if (!open.has('/')) await load('/');
    for (const name of names.slice(0, -1)) {
      parent = join(parent, name);
      if (!open.has(parent)) await load(parent);
    }
  }

  /** Families on show are read again when they have changed. */
  async function refreshFamilies() {
    for (const [path, known] of [...open]) {
      try {
        const now = await get('/v1/children' + encodePath(path) + '?limit=1');
        if (now.cversion !== known.cversion || known.children.length <= pageSize) await load(path);
      } catch (problem) {
        if (problem.status !== 404 && problem.status !== 403) throw problem;
        open.delete(path);
      }
    }
  }

  function showNode(node, acl) {
    const key = JSON.stringify([node, acl, form]);
    if (key === shownData) return;
    shownData = key;
    const text = asText(node.data);
    const looksLikeJson = text !== null && /^\s*[[{]/.test(text) && parses(text);
    const chosen = form === 'auto' ? (text === null ? 'hex' : looksLikeJson ? 'JSON' : 'text') : form;
    const tabs = ['text', 'JSON', 'hex'].map(each => h('button', {type: 'button', 'aria-pressed': String(each === chosen),
      onclick: () => { form = each; shownData = null; showNode(node, acl); }}, each));
    const rows = Object.entries(node.stat).map(([name, value]) => h('tr', {}, h('th', {}, name.replaceAll('_', ' ')),
      h('td', {class: 'mono'}, name.endsWith('time_ms') ? when(value) : String(value ?? '-'))));
    pane.replaceChildren(
      h('div', {class: 'card'}, h('h2', {class: 'mono'}, node.path), h('div', {class: 'tabs'}, tabs),
        h('pre', {}, node.data === null ? h('span', {class: 'soft'}, 'null') : shape(node.data, text, chosen))),
      h('div', {class: 'card scroll'}, h('h2', {}, 'Stat'), h('table', {}, h('tbody', {}, rows))),
      h('div', {class: 'card scroll'}, h('h2', {}, 'ACL'), h('table', {}, h('tbody', {}, acl.acl.map(each =>
        h('tr', {}, h('td', {class: 'mono'}, each.scheme + ':' + each.id), h('td', {class: 'mono'}, each.permissions)))))));
  }

  return {name: 'tree', everyMs: 2000,
    select(path) { selected = path; shownData = null; form = 'auto'; },
    async refresh() {
      if (document.activeElement !== input) input.value = selected;
      await reveal(selected);
      await refreshFamilies();
      draw();
      try {
        const [node, acl] = await Promise.all([get('/v1/znodes' + encodePath(selected)), get('/v1/acls' + encodePath(selected))]);
        showNode(node, acl);
      } catch (problem) {
        if (problem.status !== 404 && problem.status !== 403) throw problem;
        shownData = null;
        pane.replaceChildren(h('div', {class: 'card'}, h('h2', {class: 'mono'}, selected), h('p', {class: 'warn'}, problem.message)));
      }
    }};
}

const bytesOf = data => data.encoding === 'base64'
  ? Uint8Array.from(atob(data.value), each => each.charCodeAt(0)) : new TextEncoder().encode(data.value);
const asText = data => data === null ? '' : data.encoding === 'utf-8' ? data.value : null;

function parses(text) {
  try { JSON.parse(text); return true; } catch { return false; }
}

function shape(data, text, chosen) {
  if (chosen === 'hex') return hexDump(bytesOf(data));
  if (text === null) return 'These octets are no UTF-8 text.';
  if (chosen === 'JSON') return parses(text) ? JSON.stringify(JSON.parse(text), null, 2) : 'This is no JSON.';
  return text;
}

function hexDump(octets) {
  const lines = [];
  const limit = Math.min(octets.length, 65536);
  for (let at = 0; at < limit; at += 16) {
    const row = [...octets.slice(at, at + 16)];
    const hex = row.map(each => each.toString(16).padStart(2, '0')).join(' ').padEnd(47);
    const text = row.map(each => each >= 32 && each < 127 ? String.fromCharCode(each) : '.').join('');
    lines.push(at.toString(16).padStart(6, '0') + '  ' + hex + '  ' + text);
  }
  if (limit < octets.length) lines.push('... ' + (octets.length - limit) + ' octets more');
  return lines.join('\n');
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
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA)$/.test(event.target.tagName) || $('sign-in-dialog').open) return;
  const links = document.querySelectorAll('nav a');
  if (event.key >= '1' && event.key <= String(links.length)) links[event.key - 1].click();
  else if (event.key === 't') setTheme(otherTheme());
  else if (event.key === '/') { event.preventDefault(); if (!$('path')) location.hash = '#/tree/'; setTimeout(() => $('path')?.select()); }
});

window.addEventListener('hashchange', show);
document.addEventListener('visibilitychange', () => { if (!document.hidden) show(); });
if (sessionStorage.getItem('authorization')) $('sign-in').textContent = 'Signed in';
show();
