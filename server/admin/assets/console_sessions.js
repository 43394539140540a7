// Sessions and what they own, and locks with who holds them and who waits.
'use strict';

function sessions() {
  const rows = h('div'), detail = h('div'), more = h('button', {type: 'button', hidden: true}, 'Next page');
  const first = h('button', {type: 'button', hidden: true}, 'First page');
  let after = null, next = null, chosen = null;
  more.addEventListener('click', () => { after = next; refreshNow(); });
  first.addEventListener('click', () => { after = null; refreshNow(); });
  const ended = h('div');
  $('view').append(h('div', {class: 'stack'}, h('div', {class: 'card'}, h('h2', {}, 'Sessions'), rows, h('div', {class: 'path'}, first, more)),
    detail, ended));
  return {name: 'sessions', everyMs: 2000, async refresh() {
    const page = await get('/v1/sessions?limit=100' + (after ? '&after=' + after : ''));
    next = page.next_after;
    more.hidden = !next;
    first.hidden = !after;
    const chooser = id => h('button', {type: 'button', class: 'mono', 'data-key': id, 'aria-pressed': String(id === chosen),
      onclick: () => { chosen = id; refreshNow(); }}, id);
    renew(rows, table(['Session', 'Address', 'Idle', 'Timeout', 'Expires in', 'Ephemerals', 'Received', 'Last zxid'],
      page.sessions.map(each => {
        const at = each.connection;
        return [chooser(each.session_id), mono(at ? at.address : 'elsewhere'),
          [at && at.idle_ms !== null ? duration(at.idle_ms) : '-', 'number'], [duration(each.timeout_ms), 'number'],
          [duration(each.expires_in_ms), 'number'], number(each.ephemeral_count), at ? number(at.received_count) : '-',
          mono(at ? at.last_zxid : '-')];
      }), 'Nobody is here.'));
    const past = await get('/v1/why/sessions?closed');
    renew(ended, panel('Ended lately', endedTable(past.sessions.slice(0, 20))));
    if (chosen) renew(detail, await sessionCard(chosen, refreshNow));
  }};
}

function endedTable(ended) {
  return table(['Session', 'How', 'When', 'Silent for', 'Timeout', 'Address', 'Owned'], ended.map(each => [
    mono(each.session_id), h('span', {class: each.how === 'expired' ? 'warn' : 'soft'}, each.how), ago(each.at_ms),
    [duration(each.silent_ms), 'number'], [duration(each.timeout_ms), 'number'], mono(each.address || '-'),
    each.ephemeral_count ? h('details', {}, h('summary', {}, count.format(each.ephemeral_count) + ' ephemeral'),
      each.ephemerals.map(path => h('div', {class: 'mono'}, path))) : 'nothing']), 'None has ended since this server started.');
}

async function endSession(id, then) {
  if (await confirmed('End session ' + id + '?', 'Its ephemeral nodes are removed, and its client is told that the session expired.', 'End it')) {
    if (await attempt(() => ask('/v1/sessions/' + id, {method: 'DELETE'}), 'The session is over.')) then();
  }
}

async function sessionCard(id, then) {
  try {
    const known = await get('/v1/sessions/' + id);
    return panel(h('span', {}, 'Session ', h('code', {}, id)), h('table', {}, h('tbody', {},
      h('tr', {}, h('th', {}, 'Ephemeral nodes'), h('td', {}, known.ephemerals.length ? known.ephemerals.map(path => h('div', {}, treeLink(path))) : 'none')),
      h('tr', {}, h('th', {}, 'Watches'), h('td', {}, known.watches.length
        ? known.watches.map(each => h('div', {}, treeLink(each.path), ' ', h('span', {class: 'soft'}, each.kind))) : 'none')))),
    may.operate ? h('div', {class: 'tabs'}, h('button', {type: 'button', class: 'danger', 'data-key': 'end', onclick: () => endSession(id, then)}, 'End session')) : null);
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    return h('div', {class: 'card'}, 'The session ', h('code', {}, id), ' is over.');
  }
}

// ---- locks ----

function locks(rest) {
  const rows = h('div'), detail = h('div');
  const search = pathSearch(path => { location.hash = '#/locks' + encodePath(path); });
  let chosen = rest && rest !== '/' ? decodeTreePath(rest) : null;
  $('view').append(h('div', {class: 'stack'}, search.node, detail, rows));
  return {name: 'locks', everyMs: 2000,
    select(below) { chosen = below && below !== '/' ? decodeTreePath(below) : null; detail.replaceChildren(); },
    async refresh() {
      search.set(chosen || '/');
      const page = await get('/v1/locks?limit=100');
      const link = path => h('a', {href: '#/locks' + encodePath(path), class: 'mono', 'data-key': path}, path);
      renew(rows, panel('Nodes with sequential ephemeral children', table(['Lock', 'Holder', 'Session', 'Waiting'],
        page.locks.map(each => [link(each.path), mono(each.holder), mono(each.session_id), number(each.waiter_count)]), 'There are no locks.')));
      if (chosen) renew(detail, await lockCard(chosen));
    }};
}

async function lockCard(path) {
  try {
    const known = await get('/v1/why/lock' + encodePath(path));
    const row = (each, place) => [[place, 'still'], each.readable ? treeLink(join(path, each.name)) : mono(each.name), mono(each.session_id),
      mono(each.address || 'elsewhere'), [each.readable ? duration(each.age_ms) : '-', 'number'],
      [each.data ? (asText(each.data) ?? 'octets').slice(0, 60) : '', 'mono']];
    return panel(h('span', {class: 'mono'}, path), h('p', {class: 'answer'}, known.answer), table(['', 'Contender', 'Session', 'Address', 'Since', 'Data'],
      [...known.holders.map(each => row(each, h('span', {class: 'good'}, 'holds it'))),
        ...known.waiters.map((each, index) => row(each, 'waits, place ' + (index + 1)))], 'Nobody wants it.'));
  } catch (problem) {
    if (problem.status !== 404 && problem.status !== 403) throw problem;
    return h('div', {class: 'card warn'}, problem.message);
  }
}
