import { type Board, lines, number, stack } from '../board.ts';

export const host: Board = {
  uid: 'etiquette-host',
  title: 'Étiquette: host',
  description: 'The machine under it, as the node exporter sees it.',
  rows: [
    {
      title: 'Now',
      panels: [
        number('CPU busy', 'All cores, five minutes.', 'percentunit', [
          'max(instance:node_cpu_busy:ratio_rate5m)',
          'busy',
        ]),
        number('Memory left', 'Of all.', 'percentunit', [
          'min(instance:node_memory_available:ratio)',
          'left',
        ]),
        number('Disk left', 'On the fullest file system.', 'percentunit', [
          'min(instance_mountpoint:node_filesystem_available:ratio)',
          'left',
        ]),
        number('Killed for memory', 'By the kernel, since it started.', 'none', [
          'sum(node_vmstat_oom_kill)',
          'killed',
        ]),
      ],
    },
    {
      title: 'CPU and memory',
      panels: [
        stack('CPU', 'Cores, by what they do.', 'none', [
          'sum by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[$__rate_interval]))',
          '{{mode}}',
        ]),
        lines(
          'Load',
          'Above the number of cores, work waits.',
          'none',
          ['node_load1', '1 min'],
          ['node_load15', '15 min'],
          ['count by (instance) (node_cpu_seconds_total{mode="idle"})', 'cores'],
        ),
        lines(
          'Memory',
          'Available includes caches that can go.',
          'bytes',
          ['node_memory_MemTotal_bytes', 'all'],
          ['node_memory_MemAvailable_bytes', 'available'],
        ),
        stack('Processes', 'Resident memory of those that answer Prometheus.', 'bytes', [
          'sum by (job) (process_resident_memory_bytes)',
          '{{job}}',
        ]),
      ],
    },
    {
      title: 'Disk and network',
      panels: [
        lines('Disk left', 'By file system.', 'bytes', [
          'max by (instance, mountpoint) (node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|overlay|squashfs"})',
          '{{mountpoint}}',
        ]),
        lines('Disk busy', 'Share of the time, by device.', 'percentunit', [
          'rate(node_disk_io_time_seconds_total[$__rate_interval])',
          '{{device}}',
        ]),
        lines(
          'Disk bytes',
          'All devices.',
          'Bps',
          ['sum by (instance) (rate(node_disk_read_bytes_total[$__rate_interval]))', 'read'],
          ['sum by (instance) (rate(node_disk_written_bytes_total[$__rate_interval]))', 'written'],
        ),
        lines(
          'Network',
          'All devices but the loop.',
          'Bps',
          [
            'sum by (instance) (rate(node_network_receive_bytes_total{device!="lo"}[$__rate_interval]))',
            'in',
          ],
          [
            'sum by (instance) (rate(node_network_transmit_bytes_total{device!="lo"}[$__rate_interval]))',
            'out',
          ],
        ),
      ],
    },
  ],
};
