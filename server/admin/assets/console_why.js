// Who asks most, what was slow, and answers to what operators ask when something is wrong.
'use strict';

// ---- traffic ----

function traffic() {
  const operations = h('div'), prefixes = h('div'), connections = h('div');
  $('view').append(h('div', {class: 'stack'}, prefixes, h('div', {class: 'split even'}, operations, connections)));
  let before = null;
  return {name: 'traffic', everyMs: 2000, async refresh() {
    const now = await get('/v1/top');
    now.at = performance.now();
    const rateOf = (list, key, each) => {
      const old = before && before[list].find(other => other[key] === each[key]);
      return old && each.count >= old.count ? (each.count - old.count) * 1000 / (now.at - before.at) : null;
    };
    const rate = value => [value === null ? '-' : count.format(value) + ' /s', 'number'];
    const most = now.prefixes.length ? now.prefixes[0].count : 1;
    renew(prefixes, panel('The busiest parts of the tree', table(['Below', '', 'Requests', 'Now', 'Writes', 'Bytes', 'At most too high by'],
      now.prefixes.slice(0, 20).map(each => [treeLink(each.prefix), share(each.count, most), number(each.count),
        rate(rateOf('prefixes', 'prefix', each)), number(each.writes), [size(each.bytes), 'number'], number(each.count_error_max)]),
      'Nobody has asked for anything yet.')));
    const sorted = [...now.operations].sort((left, right) => right.count - left.count);
    renew(operations, panel('Requests by operation', table(['Operation', 'Requests', 'Now', 'Bytes'],
      sorted.map(each => [each.operation, number(each.count), rate(rateOf('operations', 'operation', each)), [size(each.bytes), 'number']]),
      'There were none.')));
    renew(connections, panel('The busiest connections', table(['Session', 'Address', 'Received', 'Outstanding'],
      now.connections.map(each => [mono(each.session_id), mono(each.address), number(each.received_count), number(each.outstanding_count)]),
      'There are none.')));
    before = now;
  }};
}

/** How much of the most, as a bar. */
function share(value, most) {
  return h('svg', {class: 'share', viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
    h('rect', {x: 0, y: 0, height: 10, width: 100 * value / Math.max(1, most)}));
}

// ---- slow requests ----

const stages = ['decode', 'queue', 'prepare', 'log', 'replicate', 'apply', 'reply'];

/** The stages of a request, side by side, in proportion. */
function stageBar(each) {
  let at = 0;
  const parts = stages.map((name, index) => {
    const width = 100 * each.stages_ms[name] / Math.max(1e-9, each.total_ms);
    const part = h('rect', {class: 's' + index, x: at, y: 0, height: 10, width});
    at += width;
    return part;
  });
  return h('svg', {class: 'share stages', viewBox: '0 0 100 10', preserveAspectRatio: 'none', role: 'img',
    'aria-label': stages.map(name => name + ' ' + count.format(each.stages_ms[name]) + ' ms').join(', ')}, parts);
}

const stageLegend = () => h('div', {class: 'legend'}, stages.map((name, index) => h('span', {class: 'stage s' + index}, name)));

function slowTable(requests) {
  return table(['When', 'Operation', 'Path', 'Total', 'Where the time went', 'Slowest stage', 'Session', 'Address'],
    requests.map(each => [ago(each.at_ms), each.operation, each.path ? treeLink(each.path) : '-', [count.format(each.total_ms) + ' ms', 'number'],
      stageBar(each), [each.slowest_stage + ' ' + count.format(each.stages_ms[each.slowest_stage]) + ' ms', 'still'], mono(each.session_id), mono(each.address)]),
    'There were none.');
}

function slow() {
  const shown = h('div');
  $('view').append(shown);
  return {name: 'slow', everyMs: 2000, async refresh() {
    const known = await get('/v1/why/slow');
    renew(shown, panel('Slow requests', h('p', {class: 'answer'}, known.answer + '.'), stageLegend(), slowTable(known.requests)));
  }};
}

// ---- why ----

function why() {
  const leader = h('div'), disk = h('div'), requests = h('div'), sessions = h('div'), lock = h('div');
  const search = pathSearch(path => { location.hash = '#/locks' + encodePath(path); });
  lock.append(panel('Who holds this lock, and who waits?', search.node));
  $('view').append(h('div', {class: 'stack'}, leader, lock, requests, disk, sessions));
  return {name: 'why', everyMs: 3000, async refresh() {
    search.set('/');
    const [noLeader, disks, slowOnes, ended] = await Promise.all(
      ['no-leader', 'disk', 'slow', 'sessions'].map(each => get('/v1/why/' + each)));
    renew(leader, leaderPanel(noLeader));
    renew(disk, diskPanel(disks));
    renew(requests, panel('Why is this request slow?', h('p', {class: 'answer'}, slowOnes.answer + '.'), stageLegend(), slowTable(slowOnes.requests.slice(0, 5))));
    renew(sessions, panel('Why did this session expire?', endedTable(ended.sessions)));
  }};
}

function leaderPanel(known) {
  const link = each => each.is_self ? 'this server' : each.is_linked ? h('span', {class: 'good'}, 'connected')
    : h('span', {class: 'bad'}, each.last_error || 'not connected');
  const vote = each => !each.vote ? '-' : h('span', {class: each.vote.granted ? 'good' : 'warn'},
    each.vote.granted ? 'granted, epoch ' + each.vote.epoch : each.vote.answer + ', epoch ' + each.vote.epoch);
  return panel('Why is there no leader?', h('p', {class: 'answer ' + (known.leader_id === null ? 'bad' : 'good')}, known.answer + '.'),
    known.reasons.length > 1 ? h('ul', {}, known.reasons.map(each => h('li', {}, each))) : null,
    h('p', {class: 'soft'}, 'This server\u2019s own vote: ' + (known.own_vote.candidate_id ? 'for server ' + known.own_vote.candidate_id +
      ' in epoch ' + known.own_vote.epoch : 'for nobody yet')),
    table(['Server', 'Votes', 'Link', 'Says', 'Its vote for this server', 'Address'], known.members.map(each => [each.server_id,
      each.is_voter ? 'yes' : 'no', link(each), each.says ? each.says.role + (each.says.leader_id ? ', leader ' + each.says.leader_id : '') : '-',
      vote(each), mono(each.address || '-')]), 'There are no members.'),
    known.elections.length ? h('details', {}, h('summary', {}, 'Elections that this server has seen'), table(['When', 'Took', 'Leader', 'Epoch'],
      known.elections.map(each => [ago(each.at_ms), [duration(each.took_ms), 'number'], number(each.leader_id), number(each.epoch)]))) : null);
}

function diskPanel(known) {
  const most = Math.max(0.001, ...known.servers.map(each => each.p99_ms));
  return panel('Whose disk is slow?', h('p', {class: 'answer'}, known.answer + '.'), table(
    ['Server', 'p99 of a sync', '', 'p50', 'Longest', 'Mean of the last seconds', 'Syncs', 'Told'], known.servers.map(each => [each.server_id,
      [count.format(each.p99_ms) + ' ms', 'number'], share(each.p99_ms, most), [count.format(each.p50_ms) + ' ms', 'number'],
      [count.format(each.max_ms) + ' ms', 'number'], [each.recent_count ? count.format(each.recent_mean_ms) + ' ms' : '-', 'number'],
      number(each.sync_count), duration(each.age_ms) + ' ago']), 'Nobody has told yet.'));
}
