import { PanelBuilder as BarsBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueTextMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type Panel as GrafanaPanel,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as NumberBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as LinesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Board, Panel, Query } from './board.ts';

/** As provisioning/datasources/prometheus.yml names it. */
const PROMETHEUS = { type: 'prometheus', uid: 'prometheus' } as const;

/** Of 24 columns, and in Grafana's rows of 30 pixels. */
const SIZE = { lines: [12, 8], stack: [12, 8], bars: [12, 8], number: [6, 4] } as const;

/**
 * The classic dashboard schema, since provisioning takes it in every Grafana from 9 on.
 * @see https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
 */
export function render({ uid, title, description, rows }: Board): Dashboard {
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['etiquette'])
    .timezone('browser')
    .time({ from: 'now-30m', to: 'now' })
    .refresh('15s')
    .tooltip(DashboardCursorSync.Crosshair);
  let id = 0;
  for (const row of rows) {
    id += 1;
    dashboard.withRow(new RowBuilder(row.title).id(id));
    for (const panel of row.panels) {
      id += 1;
      dashboard.withPanel(panelOf(panel, id));
    }
  }
  return dashboard.build();
}

function panelOf(panel: Panel, id: number): Builder<GrafanaPanel> {
  const [width, height] = SIZE[panel.kind];
  const queries = panel.queries.map((query, place) => target(query, place, panel.kind === 'bars'));
  return builderOf(panel)
    .id(id)
    .title(panel.title)
    .description(panel.description)
    .unit(panel.unit)
    .datasource(PROMETHEUS)
    .targets(queries)
    .span(width)
    .height(height);
}

function builderOf({ kind, queries }: Panel): LinesBuilder | NumberBuilder | BarsBuilder {
  const last = new ReduceDataOptionsBuilder().calcs(['lastNotNull']);
  if (kind === 'number') {
    // A query that only names something, such as the bundle, is shown by that name.
    const named = queries.some(({ legend }) => legend.includes('{{'));
    const text = named ? BigValueTextMode.Name : BigValueTextMode.Value;
    return new NumberBuilder().reduceOptions(last).textMode(text);
  }
  if (kind === 'bars') return new BarsBuilder().reduceOptions(last).orientation(VizOrientation.Horizontal);
  const legend = new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom);
  const panel = new LinesBuilder()
    .legend(legend)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .min(0);
  if (kind === 'lines') return panel;
  return panel.fillOpacity(30).stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
}

function target({ expr, legend }: Query, place: number, instant: boolean): DataqueryBuilder {
  const query = new DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + place))
    .datasource(PROMETHEUS)
    .expr(expr)
    .legendFormat(legend);
  return instant ? query.instant() : query.range();
}
