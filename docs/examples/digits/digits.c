/* Reads handwritten digits with the compiled network: counts the right answers, times each one. */
#include "digits.h"
#include <stdio.h>
#include <time.h>

int main(int argc, char **argv) {
  unsigned char row[65]; /* 64 pixels and the digit they show */
  float image[64], logits[10];
  int images = 0, right = 0;
  double fastest = 1e9;
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  while (file && fread(row, sizeof row, 1, file) == 1) {
    struct timespec begin, end;
    int best = 0;
    for (int i = 0; i < 64; ++i)
      image[i] = row[i];
    timespec_get(&begin, TIME_UTC);
    if (digits_run(image, logits, 1) != 0)
      return puts(digits_error()), 1;
    timespec_get(&end, TIME_UTC);
    double micros = (end.tv_sec - begin.tv_sec) * 1e6 + (end.tv_nsec - begin.tv_nsec) / 1e3;
    fastest = micros < fastest ? micros : fastest;
    for (int digit = 1; digit < 10; ++digit)
      best = logits[digit] > logits[best] ? digit : best;
    right += best == row[64];
    ++images;
  }
  printf("   %d of %d images read correctly (%.2f %%), %.1f us an image at best\n", right, images,
         100.0 * right / images, fastest);
  return images == 0;
}
