/* Reads handwritten digits with the compiled network and counts the right answers. */
#include "digits.h"
#include <stdio.h>

int main(void) {
  unsigned char row[65]; /* 64 pixels and the digit they show */
  float image[64], logits[10];
  int images = 0, right = 0;
  for (; fread(row, sizeof row, 1, stdin) == 1; ++images) {
    for (int i = 0; i < 64; ++i)
      image[i] = row[i];
    if (digits_run(image, logits) != 0)
      return puts(digits_error()), 1;
    int best = 0;
    for (int digit = 1; digit < 10; ++digit)
      best = logits[digit] > logits[best] ? digit : best;
    right += best == row[64];
  }
  printf("%d of %d images read correctly (%.2f %%)\n", right, images, 100.0 * right / images);
  return 0;
}
