// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Attribution.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace ingot;

namespace {

/// The sum of cubes, whose integrals are known; counts the points that are asked for at once.
class Cubes : public ScoreFunction {
public:
  std::vector<double> scores(const Rows &points) override {
    std::vector<double> result;
    for (size_t i = 0; i < points.count(); ++i) {
      result.push_back(0);
      for (double value : points.row(i))
        result.back() += value * value * value;
    }
    most = std::max(most, points.count());
    return result;
  }
  Rows gradients(const Rows &points) override {
    Rows result = points;
    for (double &value : result.values)
      value = 3 * value * value;
    most = std::max(most, points.count());
    return result;
  }
  size_t most = 0;
};

TEST(Attribution, SaliencyIsTheGradient) {
  Cubes cubes;
  EXPECT_EQ(saliency(cubes, {{3}, {1, 2, -3}}), (Attribution{3, 12, 27}));
}

TEST(Attribution, PathsAddUpToTheScore) {
  Cubes cubes;
  Rows example{{2}, {2, -1}};
  Attribution result = integratedGradients(cubes, example, {{1, 0}, 1000, 7});
  EXPECT_NEAR(result[0], 8 - 1, 1e-5);
  EXPECT_NEAR(result[1], -1, 1e-5);
  EXPECT_EQ(cubes.most, 7u);
}

TEST(Attribution, NoiseAveragesOverTheNeighbourhood) {
  Cubes cubes;
  Rows example{{2}, {2, -1}}; // a range of 3
  NoiseOptions noise{20000, 64, 0.1, 5};
  Attribution result = smoothGradient(cubes, example, noise);
  double variance = 0.3 * 0.3; // the mean of 3 (x + n)^2 is 3 x^2 + 3 variance
  EXPECT_NEAR(result[0], 12 + 3 * variance, 0.1);
  EXPECT_NEAR(result[1], 3 + 3 * variance, 0.1);
  noise.batch = 1000;
  Attribution other = smoothGradient(cubes, example, noise);
  EXPECT_NEAR(other[0], result[0], 1e-9);
}

TEST(Attribution, OcclusionCoversTheRestOfAnAxis) {
  Cubes cubes;
  Rows example{{5}, {1, 2, 3, 4, 5}};
  // Windows at 0, 2 and, for what is left, at 3.
  Attribution result = occlusion(cubes, example, {{5}, 1, 1}, {{2}, {2}, std::vector<double>(5), 2});
  EXPECT_EQ(result, (Attribution{9, 9, 91, (91 + 189) / 2.0, 189}));
  EXPECT_EQ(occlusion(cubes, example, {{5}, 1, 1}, {{9}, {1}, std::vector<double>(5), 2}), Attribution(5, 225));
}

TEST(Attribution, OcclusionHidesAllChannels) {
  Cubes cubes;
  Rows first{{2, 1, 2}, {1, 2, 3, 4}}, last{{1, 2, 2}, {1, 3, 2, 4}};
  OcclusionOptions options{{1, 1}, {1, 1}, std::vector<double>(4), 8};
  EXPECT_EQ(occlusion(cubes, first, {{1, 2}, 2, 1}, options), (Attribution{28, 72}));
  EXPECT_EQ(occlusion(cubes, last, {{1, 2}, 1, 2}, options), (Attribution{28, 72}));
}

TEST(Attribution, GradCamWeighsChannels) {
  std::vector<double> activation{1, 2, 3, 10, 20, 30}, gradient{1, 1, 4, -1, 0, 0.4};
  Attribution map = gradCam(activation, gradient, {{3}, 2, 1});
  EXPECT_NEAR(map[0], 2 * 1 - 0.2 * 10, 1e-12);
  EXPECT_NEAR(map[2], 2 * 3 - 0.2 * 30, 1e-12);
  std::vector<double> lastActivation{1, 10, 2, 20, 3, 30}, lastGradient{1, -1, 1, 0, 4, 0.4};
  EXPECT_EQ(gradCam(lastActivation, lastGradient, {{3}, 1, 2}), map);
}

TEST(Attribution, RolloutKeepsHalfOfEachToken) {
  Rows first{{1, 2, 2}, {1, 0, 0.5, 0.5}}, second{{2, 2, 2}, {0, 1, 0, 1, 1, 0, 1, 0}};
  // Second layer: the heads' mean is 1/2 everywhere.
  Attribution flow = attentionRollout({first, second}, 0);
  EXPECT_NEAR(flow[0], 0.75 * 1 + 0.25 * 0.25, 1e-12);
  EXPECT_NEAR(flow[0] + flow[1], 1, 1e-12);
}

} // namespace
