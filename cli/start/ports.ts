import { createServer } from 'node:net';
import { EtiquetteError } from '../../errors.ts';

export interface WantedPort {
  readonly host: string;
  readonly port: number;
  readonly what: string;
  /** The variable that moves it. */
  readonly variable: string;
}

/** @throws EtiquetteError PORT_IN_USE naming every taken port, and the variable that moves it */
export async function checkPortsAreFree(ports: readonly WantedPort[]): Promise<void> {
  const taken: string[] = [];
  for (const { host, port, what, variable } of ports) {
    const free = await isFree({ host, port });
    if (!free) taken.push(`Port ${port}, wanted for ${what}, is in use: set ${variable} to another.`);
  }
  if (taken.length > 0) throw new EtiquetteError('PORT_IN_USE', taken.join('\n'));
}

export function isFree({ host, port }: Pick<WantedPort, 'host' | 'port'>): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
