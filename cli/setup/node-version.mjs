import { problem } from './problem.mjs';

const OLDEST = [20, 12];

/**
 * @param {string} version such as "20.12.0"
 * @throws NODE_UNSUPPORTED
 */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = OLDEST;
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    throw problem(
      'NODE_UNSUPPORTED',
      `This is Node ${version}; Étiquette needs Node ${OLDEST.join('.')} or newer. Install Node 22 and try again.`,
    );
  }
  if (process.platform === 'win32') {
    throw problem(
      'PLATFORM_UNSUPPORTED',
      'Étiquette runs on Linux and macOS. On Windows, use it inside WSL 2.',
    );
  }
}
