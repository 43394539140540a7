// Overview with live charts, and what the server knows of its ensemble.
'use strict';

// ---- overview ----

const samples = [];     // of /v1/status, one a second, as long as the page is open
const samplesKept = 180;

function chart(title, unit, series) {
  const lines = series.map((_, index) => h('polyline', {class: 'ab'[index]}));
  const top = h('span', {class: 'soft'});
  const legend = series.map((each, index) => h('span', {class: 'ab'[index]}));
  const node = h('div', {class: 'card chart'},
    h('div', {class: 'label'}, title, ', ', top),
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
  for (const [key, label] of [['mode', 'Role'], ['health', 'Health'], ['zxid', 'Last transaction'], ['nodes', 'Nodes'], ['sessions', 'Sessions'],
    ['watches', 'Watches'], ['outstanding', 'Outstanding requests'], ['disk', 'On disk'], ['uptime', 'Up']]) {
    cards[key] = card(label);
    grid.append(cards[key].node);
  }
  const charts = [
    chart('Requests', '/s', [{name: 'reads', value: rate('reads_total')}, {name: 'writes', value: rate('writes_total')}]),
    chart('Mean latency', 'ms', [{name: 'read', value: mean('read')}, {name: 'write', value: mean('write')}]),
    chart('Mean time of a write in', 'ms', [{name: 'log', value: mean('log')}, {name: 'replicate', value: mean('replicate')}]),
    chart('Sessions', '', [{name: 'sessions', value: now => now.session_count}, {name: 'outstanding requests', value: now => now.outstanding_count}]),
  ];
  const stages = h('div', {class: 'stack'});
  const members = h('div');
  $('view').append(grid, h('div', {class: 'charts'}, charts.map(each => each.node)),
    h('div', {class: 'stack'}, stages, members));
  return {name: 'overview', everyMs: 1000, async refresh() {
    const [status, known] = await Promise.all([get('/v1/status'), get('/v1/ensemble')]);
    status.at = performance.now();
    samples.push(status);
    if (samples.length > samplesKept) samples.shift();
    cards.mode.set(status.serving ? status.mode : 'not serving', 'server ' + status.server_id + ', epoch ' + status.epoch +
      (status.mode === 'follower' ? ', leader ' + status.leader_id : '')).className = 'value ' + (status.serving ? 'good' : 'bad');
    cards.health.set(known.leader_id === null ? 'no leader' : status.writes_refused ? 'disk full' : 'good',
      known.leader_id === null ? 'for ' + duration(known.leaderless_ms) : memberHealth(known)).className =
        'value ' + (known.leader_id === null ? 'bad' : status.writes_refused ? 'warn' : 'good');
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
    stages.replaceChildren(panel('Latency since the start, in milliseconds', table(['', 'count', 'p50', 'p99', 'p99.9', 'longest'],
      Object.entries(status.latency).map(([name, each]) => [name.replace('_', ' '),
        ...[each.count, each.p50_ms, each.p99_ms, each.p999_ms, each.max_ms].map(number)]))));
    renew(members, ...(known.members.length > 1 ? [memberTable(known)] : []));
  }};
}

// ---- ensemble ----

/** How many of the others a leader is followed by; others do not know. */
function memberHealth(known) {
  const others = known.members.filter(each => !each.is_self);
  if (!others.length) return 'a server alone';
  if (known.leader_id !== known.server_id) return 'server ' + known.leader_id + ' leads';
  const synced = others.filter(each => each.following && each.following.is_in_sync).length;
  return synced + ' of ' + others.length + ' others in sync';
}

async function handOver(id) {
  if (await confirmed('Hand over leadership to server ' + id + '?', 'It leads from then on; clients stay connected.', 'Hand over')) {
    await attempt(() => ask('/v1/leadership', {method: 'POST', body: JSON.stringify({server_id: id})}), 'Server ' + id + ' takes over.');
  }
}

function memberTable(known) {
  const roleOf = each => each.is_leader ? 'leader' : each.is_voter ? 'follower' : 'observer';
  const state = each => {
    if (each.is_self) return known.role;
    if (!each.following) return known.leader_id === known.server_id ? h('span', {class: 'bad'}, 'not connected') : '-';
    return h('span', {class: each.following.is_in_sync ? 'good' : 'warn'},
      each.following.is_in_sync ? 'in sync' : 'behind by ' + count.format(each.following.lag_transactions));
  };
  const canHandOver = may.operate && known.leader_id === known.server_id;
  const action = each => canHandOver && each.following && each.is_voter
    ? h('button', {type: 'button', 'data-key': 'lead-' + each.server_id, onclick: () => handOver(each.server_id)}, 'Let it lead') : '';
  return panel('Members', table(
    ['Server', 'Role', 'State', 'Lag', 'Acknowledged', 'Fed from', 'Weight', 'Address', canHandOver ? '' : null].filter(each => each !== null),
    known.members.map(each => [each.server_id + (each.is_self ? ' (this one)' : ''), roleOf(each), state(each),
      [each.following ? count.format(each.following.lag_transactions) : '-', 'number'],
      mono(each.following && each.following.acknowledged_zxid), each.following ? each.following.fed_from : '-',
      number(each.weight), mono(each.address || '-'), ...(canHandOver ? [action(each)] : [])]), 'There are none.'));
}

function ensemble() {
  const facts = h('tbody'), events = h('tbody'), members = h('div');
  $('view').append(h('div', {class: 'stack'}, members,
    h('div', {class: 'card scroll'}, h('h2', {}, 'What this server knows'), h('table', {}, facts)),
    h('div', {class: 'card scroll'}, h('h2', {}, 'Elections and replication since the start'), h('table', {}, events))));
  return {name: 'ensemble', everyMs: 1000, async refresh() {
    const known = await get('/v1/ensemble');
    renew(members, memberTable(known));
    facts.replaceChildren(...Object.entries(known).filter(([, value]) => typeof value !== 'object' || value === null)
      .map(([key, value]) => h('tr', {}, h('th', {}, key.replaceAll('_', ' ')), h('td', {class: 'mono'}, String(value ?? '-')))));
    events.replaceChildren(...Object.entries(known.events).filter(([, value]) => value !== 0)
      .map(([key, value]) => h('tr', {}, h('th', {}, key.replaceAll('_', ' ')), h('td', {class: 'number'}, count.format(value)))));
  }};
}
