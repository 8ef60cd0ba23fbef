/* Writes sentences with a compiled decoder, from C: ./generate [TEMPERATURE [K]]. The caches are ordinary memory; each
   run reads their first `past` rows and writes its own behind them. */
#include "decoder.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LETTERS = 30, WINDOW = 48, HEADS = 4, WIDTH = 16 };
static const char letters[] = "\n abcdefghijklmnopqrstuvwxyz.,";
static float key0[HEADS][WINDOW][WIDTH], value0[HEADS][WINDOW][WIDTH], key1[HEADS][WINDOW][WIDTH],
    value1[HEADS][WINDOW][WIDTH];

/* Reads `steps` characters behind the `past` first ones, and tells what may follow. */
static void read_letters(const int64_t *tokens, int64_t past, int64_t steps, float *logits) {
  decoder_dims dims = {.N = 1, .steps = steps, .past = past, .past_capacity = WINDOW};
  if (decoder_run(&dims, tokens, &key0[0][0][0], &value0[0][0][0], &key1[0][0][0], &value1[0][0][0], logits) != 0) {
    fprintf(stderr, "%s\n", decoder_error());
    exit(1);
  }
}

/* One of the `most` likeliest letters, at random; the likeliest when the temperature is 0. */
static int choose(const float *logits, double temperature, int most) {
  int order[LETTERS];
  for (int i = 0; i < LETTERS; ++i) {
    int place = i;
    for (; place > 0 && logits[order[place - 1]] < logits[i]; --place)
      order[place] = order[place - 1];
    order[place] = i;
  }
  double shares[LETTERS], sum = 0;
  for (int i = 0; temperature > 0 && i < most; ++i)
    sum += shares[i] = exp((logits[order[i]] - logits[order[0]]) / temperature);
  double left = sum * rand() / ((double)RAND_MAX + 1);
  for (int i = 0; temperature > 0 && i < most; ++i)
    if ((left -= shares[i]) < 0)
      return order[i];
  return order[0];
}

int main(int argc, char **argv) {
  double temperature = argc > 1 ? atof(argv[1]) : 0;
  int most = argc > 2 ? atoi(argv[2]) : LETTERS, count = 0;
  const char *beginnings[] = {"\nthe old ", "\nthe ", "\nthe children ", "\nthe quiet letter who "};
  struct timespec began, ended;
  if (most < 1 || most > LETTERS)
    most = LETTERS;
  timespec_get(&began, TIME_UTC);
  for (int i = 0; i < 4; ++i) {
    int64_t tokens[WINDOW], length = (int64_t)strlen(beginnings[i]);
    float logits[LETTERS];
    for (int64_t j = 0; j < length; ++j)
      tokens[j] = strchr(letters, beginnings[i][j]) - letters;
    fputs(beginnings[i] + 1, stdout);
    for (int64_t past = 0, steps = length; past + steps <= WINDOW; steps = 1, ++count) {
      read_letters(tokens, past, steps, logits);
      past += steps;
      tokens[0] = choose(logits, temperature, most);
      putchar(letters[tokens[0]]);
      if (tokens[0] == 0)
        break;
    }
    if (tokens[0] != 0)
      putchar('\n');
  }
  timespec_get(&ended, TIME_UTC);
  double seconds = (double)(ended.tv_sec - began.tv_sec) + 1e-9 * (double)(ended.tv_nsec - began.tv_nsec);
  printf("%.0f characters per second\n", count / seconds);
}
