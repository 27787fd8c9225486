/*
 * fully_connected_mve: int8 rows times weights on Helium. Loop order: row, then the panel of rf_mve_panel.h with one pixel, which is
 * the row. Registers: those of the panel. Cost: 0.156 instructions per MAC and 6 per output.
 */
#include "fully_connected_mve.h"

#include "../rf_mve_panel.h"

RF_DEFINE_MVE_PANEL(up, 1, LONG, RF_MVE_UP)
RF_DEFINE_MVE_PANEL(away, 1, LONG, RF_MVE_AWAY)
RF_DEFINE_MVE_PANEL(short_up, 1, SHORT, RF_MVE_UP)
RF_DEFINE_MVE_PANEL(short_away, 1, SHORT, RF_MVE_AWAY)

static const rf_mve_panel_function panels[2][2] = {{away, short_away}, {up, short_up}};

void rf_fully_connected_s8_mve(const rf_fully_connected_s8_mve_params *p, const int8_t *in, int8_t *out)
{
    const int32_t is_short = p->in_count <= RF_MVE_FIRST;
    rf_mve_panel panel = rf_mve_panel_of(p->weights, p->table, p->in_count, p->out_count, p->out_zero);
    for (int32_t row = 0; row < p->rows; row++, in += p->in_count, out += p->out_count) {
        panel.pixel[0] = in;
        rf_mve_run(&panel, panels[p->rounds_down][is_short], p->table, p->in_count, p->out_count, out, 1);
        if (p->act_min != INT8_MIN || p->act_max != INT8_MAX) {
            rf_mve_clamp(out, p->act_min, p->act_max, p->out_count);
        }
    }
}
