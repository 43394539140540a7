// The tree: read page by page, searched by prefix, changed where that is allowed; and a live view of a subtree.
'use strict';

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
  const search = pathSearch(path => { location.hash = '#/tree' + encodePath(path); });
  const list = h('div', {class: 'card tree', role: 'tree', 'aria-label': 'Nodes'});
  const pane = h('div', {class: 'stack'});
  $('view').append(search.node, h('div', {class: 'split'}, list, pane));

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
    const key = JSON.stringify([node, acl, form, may.write_node]);
    if (key === shownData) return;
    shownData = key;
    const text = asText(node.data);
    const looksLikeJson = text !== null && /^\s*[[{]/.test(text) && parses(text);
    const chosen = form === 'auto' ? (text === null ? 'hex' : looksLikeJson ? 'JSON' : 'text') : form;
    const tabs = ['text', 'JSON', 'hex'].map(each => h('button', {type: 'button', 'aria-pressed': String(each === chosen),
      onclick: () => { form = each; shownData = null; showNode(node, acl); }}, each));
    const change = h('div', {class: 'tabs'}, may.write_node ? [
      node.data === null || text !== null ? h('button', {type: 'button', onclick: () => editNode(node, text)}, 'Edit') : null,
      h('button', {type: 'button', onclick: () => createChild(node.path)}, 'Create child'),
      node.path === '/' ? null : h('button', {type: 'button', class: 'danger', onclick: () => deleteNode(node)}, 'Delete')] : null);
    const rows = Object.entries(node.stat).map(([name, value]) => h('tr', {}, h('th', {}, name.replaceAll('_', ' ')),
      h('td', {class: 'mono'}, name.endsWith('time_ms') ? when(value) : String(value ?? '-'))));
    pane.replaceChildren(
      h('div', {class: 'card'}, h('h2', {class: 'mono'}, node.path), h('div', {class: 'tabs'}, tabs),
        h('pre', {id: 'data'}, node.data === null ? h('span', {class: 'soft'}, 'null') : shape(node.data, text, chosen)), change),
      h('div', {class: 'card scroll'}, h('h2', {}, 'Stat'), h('table', {}, h('tbody', {}, rows))),
      panel('ACL', table(['Who', 'May'], acl.acl.map(each => [mono(each.scheme + ':' + each.id), mono(each.permissions)]), 'It is empty.')),
      quotaPanel(node.quota));
  }

  return {name: 'tree', everyMs: 2000,
    select(below) { selected = decodeTreePath(below); shownData = null; form = 'auto'; },
    async refresh() {
      search.set(selected);
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

function quotaPanel(quota) {
  if (!quota) return null;
  const part = (name, used, limit) => [name, number(used), limit === null ? ['no limit', 'number soft'] : number(limit),
    limit ? [h('meter', {min: 0, max: limit, high: limit * 0.9, value: Math.min(used, limit)}), ''] : ''];
  return panel(h('span', {}, 'Quota of ', treeLink(quota.path)), table(['', 'Used', 'Limit', ''],
    [part('Nodes', quota.count_used, quota.count_limit), part('Bytes', quota.bytes_used, quota.bytes_limit)]));
}

// ---- search by prefix ----

/** A field for a path that offers the nodes whose names begin like its last part. */
function pathSearch(go) {
  const found = h('ul', {class: 'found', role: 'listbox', 'aria-label': 'Nodes that begin so', hidden: true});
  const input = h('input', {id: 'path', 'aria-label': 'Path, or the beginning of one', spellcheck: 'false', autocapitalize: 'off',
    autocomplete: 'off', role: 'combobox', 'aria-expanded': 'false'});
  const node = h('form', {class: 'path search', onsubmit: event => { event.preventDefault(); choose(input.value.trim() || '/'); }},
    input, h('button', {type: 'submit'}, 'Go'), found);
  let wanted = 0;
  let waiting = 0;

  function offer(paths) {
    found.replaceChildren(...paths.map(path => h('li', {role: 'none'}, h('button', {type: 'button', role: 'option',
      onclick: () => choose(path)}, path))));
    found.hidden = !paths.length;
    input.setAttribute('aria-expanded', String(!found.hidden));
  }

  function choose(path) {
    wanted++;
    clearTimeout(waiting);
    offer([]);
    input.blur();
    go(path.replace(/\/+$/, '') || '/');
  }

  async function look() {
    const mine = ++wanted;
    const text = input.value.trim();
    const slash = text.lastIndexOf('/');
    if (slash < 0) return offer([]);
    const parent = text.slice(0, slash) || '/';
    const page = await get('/v1/children' + encodePath(parent) + '?limit=20&prefix=' + encodeURIComponent(text.slice(slash + 1)))
      .catch(() => ({children: []}));
    if (mine === wanted) offer(page.children.map(each => join(parent, each.name)));
  }

  input.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(look, 150); });
  node.addEventListener('keydown', event => {
    const options = [...found.querySelectorAll('button')];
    const at = options.indexOf(document.activeElement);
    if (event.key === 'Escape') { offer([]); input.focus(); }
    else if (event.key === 'ArrowDown' && options.length) { event.preventDefault(); options[Math.min(at + 1, options.length - 1)].focus(); }
    else if (event.key === 'ArrowUp' && options.length) { event.preventDefault(); (at > 0 ? options[at - 1] : input).focus(); }
  });
  return {node, set(path) { if (!node.contains(document.activeElement)) input.value = path; }};
}

// ---- changes ----

/** A dialog with fields; resolves to what is in them, or to nothing. */
function filledIn(title, fields, verb) {
  const dialog = h('dialog', {class: 'wide', 'aria-label': title}, h('form', {method: 'dialog'}, h('h2', {}, title), fields,
    h('menu', {}, h('button', {value: 'no', type: 'submit', formnovalidate: true}, 'Cancel'),
      h('button', {value: 'yes', type: 'submit', class: 'primary'}, verb))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener('close', () => {
    const given = new FormData(dialog.querySelector('form'));
    dialog.remove();
    resolve(dialog.returnValue === 'yes' ? given : null);
  }));
}

const dataField = text => h('label', {}, 'Data', h('textarea', {name: 'data', rows: 12, spellcheck: 'false'}, text));

async function editNode(node, text) {
  const given = await filledIn('Edit ' + node.path, [dataField(text)], 'Save');
  if (!given) return;
  // A form ends lines with a carriage return; the node does not.
  const data = given.get('data').replaceAll('\r\n', '\n');
  await attempt(() => ask('/v1/znodes' + encodePath(node.path) + '?version=' + node.stat.version, {method: 'PUT', body: data}), 'Saved.');
  show();
}

async function createChild(parent) {
  const given = await filledIn('Create a node below ' + parent, [
    h('label', {}, 'Name', h('input', {name: 'name', autocomplete: 'off', spellcheck: 'false'})),
    h('label', {}, 'Kind', h('select', {name: 'mode'}, ['persistent', 'persistent_sequential', 'container'].map(each =>
      h('option', {value: each}, each.replace('_', ', '))))),
    dataField('')], 'Create');
  if (!given) return;
  const target = '/v1/znodes' + encodePath(join(parent, given.get('name'))) + '?mode=' + given.get('mode');
  let made = null;
  await attempt(async () => {
    made = await ask(target, {method: 'POST', body: given.get('data').replaceAll('\r\n', '\n')});
  }, 'Created.');
  if (made) location.hash = '#/tree' + encodePath(made.path);
}

async function deleteNode(node) {
  const detail = node.stat.child_count ? 'It has ' + count.format(node.stat.child_count) + ' children, so it will be refused.'
    : 'Version ' + node.stat.version + ', ' + size(node.stat.data_length_bytes) + '. There is no way back.';
  if (!await confirmed('Delete ' + node.path + '?', detail, 'Delete')) return;
  const isDone = await attempt(() => ask('/v1/znodes' + encodePath(node.path) + '?version=' + node.stat.version, {method: 'DELETE'}),
    'Deleted.');
  if (isDone) location.hash = '#/tree' + encodePath(node.path.slice(0, node.path.lastIndexOf('/')) || '/');
}

// ---- live: what changes below a node ----

const eventsKept = 500;

function live(rest) {
  const state = h('span', {class: 'soft', role: 'status'}, '');
  const rows = h('tbody');
  const search = pathSearch(path => { location.hash = '#/live' + encodePath(path); });
  const recursive = h('input', {type: 'checkbox', id: 'recursive', checked: true, onchange: () => start()});
  const clear = h('button', {type: 'button', onclick: () => rows.replaceChildren()}, 'Clear');
  let path = decodeTreePath(rest);
  let reading = null;     // aborts the stream
  let lastId = '';        // where it goes on when it has to connect again
  $('view').append(search.node, h('div', {class: 'path'}, h('label', {class: 'inline'}, recursive, ' with everything below'), clear, state),
    h('div', {class: 'card scroll'}, h('h2', {}, 'Changes, the newest first'), h('table', {},
      h('thead', {}, h('tr', {}, ['Time', 'What', 'Path', 'zxid', 'Data'].map(each => h('th', {scope: 'col'}, each)))), rows)));

  function add(name, told) {
    const text = told.data === undefined ? '' : told.data === null ? 'null' : asText(told.data) ?? count.format(told.stat.data_length_bytes) + ' octets';
    rows.prepend(h('tr', {}, h('td', {class: 'mono'}, new Date().toISOString().slice(11, 23)), h('td', {class: 'kind ' + name}, name.replaceAll('_', ' ')),
      h('td', {}, treeLink(told.path)), h('td', {class: 'mono'}, told.zxid),
      h('td', {class: 'mono clipped', title: text}, text.slice(0, 200))));
    while (rows.children.length > eventsKept) rows.lastChild.remove();
  }

  function take(block) {
    const fields = Object.fromEntries(block.split('\n').filter(line => line && !line.startsWith(':'))
      .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
    if (fields.id) lastId = fields.id;
    if (fields.event === 'ready') state.textContent = 'watching ' + path;
    else if (fields.event === 'reset') state.textContent = 'watching ' + path + '; some changes before were missed';
    else if (fields.event && fields.event !== 'end') add(fields.event, JSON.parse(fields.data));
  }

  async function read(signal) {
    const reply = await fetch('/v1/watch' + encodePath(path) + '?values' + (recursive.checked ? '&recursive' : ''),
      {headers: lastId ? {...credentials(), 'Last-Event-ID': lastId} : credentials(), signal});
    if (!reply.ok) throw new Problem(reply.status, (await reply.json()).detail);
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const {value, done} = await reader.read();
      if (done) return;
      const blocks = (text + value).split('\n\n');
      text = blocks.pop();
      blocks.forEach(take);
    }
  }

  async function start() {
    reading?.abort();
    const mine = reading = new AbortController();
    state.textContent = 'connecting ...';
    lastId = '';
    while (!mine.signal.aborted) {
      try {
        await read(mine.signal);
        state.textContent = 'the stream has ended; connecting again ...';
      } catch (problem) {
        if (mine.signal.aborted) return;
        if (problem.status === 401) askForCredentials();
        state.textContent = problem.message;
      }
      await new Promise(resolve => setTimeout(resolve, 2000));
    }
  }

  start();
  return {name: 'live', everyMs: 5000,
    select(below) { path = decodeTreePath(below); rows.replaceChildren(); start(); },
    leave() { reading?.abort(); },
    async refresh() { search.set(path); }};
}
