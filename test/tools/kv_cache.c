/* A sequence at once and in pieces must give the same caches and the same last outputs. */
#include "odd.h"
#include <math.h>
#include <stdio.h>

enum { ROOM = 4, HEADS = 3 };
static float k[2][HEADS][ROOM][5], v[2][HEADS][ROOM][7], x[ROOM][12], y[ROOM][HEADS][7], last[HEADS][7], sums[HEADS][5],
    scaled[HEADS][ROOM][7];

int main(void) {
  for (int i = 0; i < ROOM * 12; ++i)
    x[i / 12][i % 12] = (float)sin(i);
  odd_dims dims = {.N = 1, .steps = ROOM, .past = 0, .past_capacity = ROOM};
  if (odd_run(&dims, x[0], k[0][0][0], v[0][0][0], y[0][0], sums[0], scaled[0][0]) != 0)
    return puts(odd_error());
  for (dims.steps = 1; dims.past < ROOM; ++dims.past)
    if (odd_run(&dims, x[dims.past], k[1][0][0], v[1][0][0], last[0], sums[0], scaled[0][0]) != 0)
      return puts(odd_error());
  float worst = 0;
  for (int i = 0; i < HEADS * 7; ++i)
    worst = fmaxf(worst, fabsf(last[i / 7][i % 7] - y[ROOM - 1][i / 7][i % 7]));
  for (int i = 0; i < HEADS * ROOM * 5; ++i)
    worst = fmaxf(worst, fabsf(k[0][0][0][i] - k[1][0][0][i]));
  puts(worst < 1e-6 ? "the same in pieces" : "different in pieces");
  if (odd_run(&dims, x[0], k[1][0][0], v[1][0][0], last[0], sums[0], scaled[0][0]) != 0)
    puts(odd_error());
  return 0;
}
