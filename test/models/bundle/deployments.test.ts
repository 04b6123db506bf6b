import { strict as assert } from 'node:assert';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  champion,
  type Deployment,
  previousVersion,
  readDeployments,
  recordDeployment,
  servedAt,
  services,
  standing,
} from '../../../models/bundle/deployments.ts';

const entry = (version: string, kind: Deployment['kind'] = 'deployment') => ({
  version,
  kind,
  at: '2026-01-01T00:00:00.000Z',
  by: 'a test',
  reason: 'to see',
});

describe('the deployment history', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'deployments-'));
    file = join(folder, 'deployments.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is empty before the first deployment: there is no champion', async () => {
    assert.deepEqual(await readDeployments(file), []);
    assert.equal(await champion(file), null);
  });

  it('remembers what each deployment replaced', async () => {
    await recordDeployment(file, entry('a'));
    const { replaced } = await recordDeployment(file, entry('b'));
    assert.equal(replaced, 'a');
    assert.equal(await champion(file), 'b');
    assert.deepEqual(await readdir(folder), ['deployments.json']);
  });

  it('records a retried deployment once', async () => {
    await recordDeployment(file, entry('a'));
    await recordDeployment(file, entry('b'));
    const again = await recordDeployment(file, entry('b'));
    assert.equal(again.replaced, 'a');
    assert.equal((await readDeployments(file)).length, 2);
  });

  it('rolls back step by step and never forward again', async () => {
    const history: Deployment[] = [];
    const append = (version: string, kind: Deployment['kind']) =>
      history.push({ ...entry(version, kind), replaced: null });
    append('a', 'deployment');
    assert.equal(previousVersion(history), null);
    append('b', 'deployment');
    append('c', 'deployment');
    assert.equal(previousVersion(history), 'b');
    append('b', 'rollback');
    assert.equal(previousVersion(history), 'a');
    append('a', 'rollback');
    assert.equal(previousVersion(history), null);
    append('d', 'deployment');
    assert.equal(previousVersion(history), 'a');
  });

  describe('tells which bundle served', () => {
    const day = (number: number) => `2026-01-0${number}T12:00:00.000Z`;
    const history: Deployment[] = [
      { ...entry('a'), at: day(1), replaced: null },
      { ...entry('b'), at: day(3), replaced: 'a' },
      { ...entry('a', 'rollback'), at: day(5), replaced: 'b' },
    ];
    const at = (time: string) => servedAt(history, new Date(time))?.version ?? null;

    it('at any moment: from the millisecond of its deployment until that of the next', () => {
      assert.equal(at('2026-01-01T11:59:59.999Z'), null);
      assert.equal(at(day(1)), 'a');
      assert.equal(at('2026-01-03T11:59:59.999Z'), 'a');
      assert.equal(at(day(3)), 'b');
      assert.equal(at('2030-01-01'), 'a');
      assert.equal(servedAt([], new Date()), null);
    });

    it('from when to when, and what came before and after', () => {
      const [first, second, third] = services(history);
      assert.deepEqual([first?.before, first?.to, first?.after], [null, day(3), 'b']);
      assert.deepEqual([second?.before, second?.to, second?.after], ['a', day(5), 'a']);
      assert.deepEqual([third?.before, third?.to, third?.after], ['b', null, null]);
    });

    it('and which bundles rollbacks still reach', () => {
      assert.deepEqual(standing(history), ['a']);
      assert.deepEqual(standing(history.slice(0, 2)), ['a', 'b']);
    });
  });
});
