// Networks drawn at random → trained by the engine and by reference.h, and compared. Compiled for one instruction set
// (-DROWWISE_ISA), as it is shipped or with a sanitizer, which stops the program at a wrong access, undefined
// arithmetic or a data race. Allocations are counted: an epoch makes none.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "draw.h"
#include "reference.h"
#include "step.h"

static std::atomic<long> allocations{0};
void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto a = static_cast<std::size_t>(alignment);
  if (void* p = std::aligned_alloc(a, (size + a - 1) / a * a)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

using namespace rowwise;

namespace {

// The largest difference from the reference that rounding explains, as a part of the array's largest number. Sums of
// some hundred products are formed in another order, over up to three steps; of 3,000 networks the worst was off by
// 1.3e-13 in double and 1.1e-4 in float (normalizations of units that hardly vary), whose unit of rounding is 6e-8 and
// whose exp, tanh and erf are good to a few of them.
template <class T>
constexpr double kTolerance = std::is_same_v<T, double> ? 1e-11 : 2e-4;
constexpr double kOutputTolerance = 1e-4;  // outputs are float whatever T is
#if defined(ROWWISE_BFLOAT16)
// Where a number stands halfway between two of bfloat16, float and double may take either: 2^-8 of it. Such numbers are
// passed on, through up to nine layers and three steps, and where a unit is near its kink they may take it to the other
// side. Of 1,000 networks one was off by more than this, by 0.44: it divides by the size of the gradient of such a unit.
constexpr double kRounding = 0.05;
constexpr double kNearKink = 1e-3, kNearHit = 0.02;
#else
constexpr double kRounding = 0, kNearKink = 0, kNearHit = 0;
#endif
// Where a number comes nearer than this to a kink (a unit of relu to zero, the two largest outputs to each other),
// rounding may take it to the other side: such a network decides nothing. Of 2,000 there are some 90.
template <class T>
constexpr double kMargin = std::is_same_v<T, double> ? 1e-12 : 1e-6;

constexpr std::uint64_t kDropoutKey = 0x123456789abcdefULL;

// Of the largest number of `expected`.
template <class A>
double largest_difference(const A& actual, const reference::Numbers& expected) {
  double difference = 0, largest = 1e-3;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    if (!(std::abs(actual[i] - expected[i]) <= difference)) difference = std::abs(actual[i] - expected[i]);  // NaN too
  }
  return difference / largest;
}

struct Outcome {
  bool decisive, right;
};

template <class T>
Outcome compare(int trial) {
  Random random{unsigned(trial)};
  const NetworkDescription d = draw_description<T>(random, trial);
  const DrawnRecords<T> drawn(d, random);
  const Records records = drawn.records(d);
  const Rates rates{drawn.rates.data(), drawn.corrections.data()};
  const int units = d.layers.back().units;

  reference::Network reference(d);
  ROWWISE_ISA::NetworkOf<T> network(d, draw_plan(random));
  const auto moving = 2 * std::size_t(std::count_if(d.layers.begin(), d.layers.end(), [](const LayerDescription& l) {
    return l.kind == Kind::batch_normalization;
  }));
  const std::size_t weights = (network.arrays() - moving) / (1 + d.optimizer.slots());
  for (std::size_t a = 0; a < network.arrays(); ++a) {
    const bool is_moving = a >= network.arrays() - moving, is_slot = !is_moving && a >= weights;
    std::vector<T> values(network.size(a));
    for (T& v : values) {
      const double weight = (random.share() - 0.5) * 2 / std::sqrt(d.layers[0].inputs);
      v = is_slot ? T(0) : is_moving ? T(std::abs(weight) + 0.1) : T(weight);
    }
    network.write(a, values.data());
    reference.array(a).assign(values.begin(), values.end());
  }
  const reference::Numbers expected =
      reference.train(drawn.reference_x, drawn.reference_targets, drawn.weights, drawn.order, rates, kDropoutKey);
  const reference::Numbers expected_predictions = reference.predict(drawn.reference_x, drawn.order);

  std::vector<float> outputs(std::size_t(records.count) * units), predictions(outputs.size());
  Progress progress, ahead;
  long allocated = 0;
  while (progress.steps * d.batch_size < records.count) {  // in slices of 0 seconds: a step each
    const long before = allocations;
    network.train(records, rates, kDropoutKey, trial % 2 ? 0 : 1e9, progress, outputs.data());
    allocated += allocations - before;
    if (random.once_in(2)) network.take(draw_plan(random));
  }
  network.predict(records, ahead, predictions.data());
  if (reference.margin < kMargin<T>) return {false, true};

  double off = 0;
  for (std::size_t a = 0; a < network.arrays(); ++a) {
    std::vector<T> values(network.size(a));
    network.read(a, values.data());
    off = std::max(off, largest_difference(values, reference.array(a)));
  }
  const double loss_off = std::abs(progress.loss - reference.loss) / std::max(1.0, std::abs(reference.loss));
  const double outputs_off =
      std::max(largest_difference(outputs, expected), largest_difference(predictions, expected_predictions));
  const bool right = off <= kTolerance<T> + kRounding && loss_off <= kTolerance<T> + kRounding &&
                     outputs_off <= kOutputTolerance + kRounding &&
                     (progress.hits == reference.hits || reference.margin < kNearHit) && allocated == 0;
  if (!right && reference.margin < kNearKink) return {false, true};
  if (!right)
    std::printf("network %d: weights off by %g, loss by %g, outputs by %g; %ld hits, expected %ld; %ld allocations\n",
                trial, off, loss_off, outputs_off, long(progress.hits), reference.hits, allocated);
  return {true, right};
}

// Of many numbers from `least` to `most`: how far f is from `exact`, as a part of it or absolutely.
template <class F, class Exact>
double inaccuracy(double least, double most, bool relative, const F& f, const Exact& exact) {
  double worst = 0;
  for (int i = 0; i <= 20000; ++i) {
    const auto x = float(least + (most - least) * i / 20000);
    const double expected = exact(double(x)), off = std::abs(f(ROWWISE_ISA::Vec<float>{} + x)[0] - expected);
    worst = std::max(worst, relative ? off / std::abs(expected) : off);
  }
  return worst;
}

// What takes the place of the standard library's functions in float is good to a few units of 2^-24.
bool functions_are_accurate() {
  using namespace ROWWISE_ISA;
  const auto adam = [](auto v) { return divide_by_root<float>(v * 0 + 0.3f, v, v * 0 + 1e-7f); };
  const auto exact_adam = [](double v) { return 0.3f / (std::sqrt(v) + 1e-7f); };
  const double off[] = {inaccuracy(-87, 88, true, exponential<float>, [](double x) { return std::exp(x); }),
                        inaccuracy(-9, 8.9, true, hyperbolic_tangent<float>, [](double x) { return std::tanh(x); }),
                        inaccuracy(-20, 20, true, sigmoid<float>, reference::sigmoid),
                        inaccuracy(-5, 5, false, error_function<float>, [](double x) { return std::erf(x); }),
                        inaccuracy(1e-12, 1e-6, true, adam, exact_adam), inaccuracy(1e-6, 10, true, adam, exact_adam)};
  const bool accurate = *std::max_element(std::begin(off), std::end(off)) < 4e-7;
  if (!accurate)
    std::printf("exp, tanh, sigmoid, erf, a / sqrt(small), a / sqrt(large) are off by %g, %g, %g, %g, %g, %g\n",
                off[0], off[1], off[2], off[3], off[4], off[5]);
  return accurate;
}

}  // namespace

int main(int count, char** arguments) {
  const int trials = count > 1 ? std::atoi(arguments[1]) : 200;
  int wrong = functions_are_accurate() ? 0 : 1, undecided = 0;
  for (int trial = 0; trial < trials; ++trial) {
#if defined(ROWWISE_FLOAT64)
    const Outcome outcome = trial % 3 ? compare<float>(trial) : compare<double>(trial);
#else
    const Outcome outcome = compare<float>(trial);
#endif
    undecided += !outcome.decisive;
    wrong += !outcome.right;
  }
  std::printf("%d networks trained, %d of them undecided, %d wrong\n", trials, undecided, wrong);
  return wrong != 0 || undecided > trials / 4;
}
