/**
 * One line for the person at the terminal. Standard error: standard output belongs to --json lines.
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** @param {number} bytes */
const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;

/**
 * A progress bar of a download: redrawn on a terminal, a line every quarter elsewhere.
 * @param {string} what
 * @param {number} total bytes
 */
export function downloadBar(what, total) {
  const terminal = process.stderr.isTTY;
  let quarter = 0;
  return {
    /** @param {number} done bytes */
    update(done) {
      const share = Math.min(1, done / total);
      if (terminal) {
        const filled = Math.round(share * 30);
        const bar = '█'.repeat(filled) + '░'.repeat(30 - filled);
        process.stderr.write(`\r  ${bar} ${megabytes(share * total)} of ${megabytes(total)}  `);
      } else if (Math.floor(share * 4) > quarter) {
        quarter = Math.floor(share * 4);
        say(`  ${what}: ${megabytes(share * total)} of ${megabytes(total)}`);
      }
    },
    end() {
      if (terminal) process.stderr.write('\r\x1b[K');
    },
  };
}
