// Records → training, predictions and gradients: the calls of a network, whichever instruction set it is compiled for.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "description.h"
#include "plan.h"

namespace rowwise {

// The records that a call visits. Below, T is the network's own type: float, or double for checks of the gradient.
struct Records {
  const void* x = nullptr;              // (rows, features): uint8 where the description says bytes, else T
  const void* targets = nullptr;        // sparse_crossentropy: (rows,) int32; else (rows, units) T; null: none
  const float* weights = nullptr;       // (rows,); null: every record weighs 1
  const std::int32_t* order = nullptr;  // (count,): the row that is visited i-th; null: as they lie
  std::int64_t count = 0;               // visited, in steps of batch_size
  int file = -1;                        // that x lies in as well, from byte `start` on; -1: none
  std::int64_t start = 0;
  std::int64_t kept = 0;  // rows that are read in memory all the same; those after them training reads from the file
};

// What the optimizer needs to know of each step.
struct Rates {
  const float* learning_rate = nullptr;  // (steps,)
  // (steps, 5): for Adam 1 - beta_1^t, 1 - beta_2^t and nothing; for Nadam the weight of the mean in the step,
  // 1 - beta_2^t, and the weight of the gradient itself. Then of an average: the share of its own value that it keeps,
  // and, where it takes the weight's place, 1.
  const double* corrections = nullptr;
};

struct Progress {
  std::int64_t steps = 0;  // done, of the epoch
  double loss = 0;         // sum over the records, penalties included
  std::int64_t hits = 0;   // records whose largest output is the target's
  double seconds = 0;      // that the steps have taken
};

class Network {
 public:
  virtual ~Network() = default;

  // Arrays: kernel (inputs, units) and bias (units,) of each layer, or gamma and beta (units,), as far as it has them;
  // then the same of each slot of the optimizer; then moving mean and variance (units,) of each BatchNormalization.
  virtual std::size_t arrays() const = 0;
  virtual std::size_t size(std::size_t array) const = 0;
  virtual void write(std::size_t array, const void* values) = 0;
  virtual void read(std::size_t array, void* values) const = 0;

  // How steps are computed from the next call on; what the arrays hold stays.
  virtual void take(const Plan& plan) = 0;
  virtual unsigned meetings() const = 0;  // of the plan's threads, so far

  // Steps from progress.steps on, one at least, until the epoch ends or `seconds` are over. outputs: (count, units), in
  // the order of the visits, or null.
  virtual void train(const Records& records, const Rates& rates, std::uint64_t dropout_key, double seconds,
                     Progress& progress, float* outputs) = 0;
  // Forward alone; loss and hits only where there are targets.
  virtual void predict(const Records& records, Progress& progress, float* outputs) = 0;
  // The gradient of the first batch's mean loss by one array → values; returns the sum of the losses. No update.
  virtual double gradient(const Records& records, std::uint64_t dropout_key, std::size_t array, void* values) = 0;
};

// One such function for each instruction set; null for double where only float was compiled.
using MakeNetwork = std::unique_ptr<Network> (*)(const NetworkDescription&, const Plan&, bool float64);

}  // namespace rowwise
