import { join } from 'node:path';
import { PROJECT } from '../../config.ts';
import { writeAtomic } from '../../data/atomic.ts';
import { BOARDS } from '../../monitoring/grafana/boards/index.ts';
import { render } from '../../monitoring/grafana/render.ts';

/** Writes the dashboards that Grafana reads, from the boards that people write. */
export async function writeBoards(say: (line: string) => void): Promise<void> {
  for (const [name, board] of Object.entries(BOARDS)) {
    const file = `monitoring/grafana/dashboards/${name}.json`;
    await writeAtomic(join(PROJECT, file), `${JSON.stringify(render(board), null, 2)}\n`);
    say(file);
  }
}
