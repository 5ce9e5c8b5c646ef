// A description → a network: gather, forward, losses, backward and update, step after step, by a team of threads.
#pragma once
#include <chrono>
#include <memory>

#include "arrays.h"
#include "backward.h"
#include "forward.h"
#include "penalties.h"
#include "update.h"

namespace rowwise::ROWWISE_ISA {

template <class T>
class NetworkOf final : public Network {
 public:
  NetworkOf(const NetworkDescription& description, const Plan& plan)
      : state_(std::make_unique<State<T>>(description, plan)) {}

  std::size_t arrays() const override { return of(*state_).count(); }
  std::size_t size(std::size_t array) const override { return of(*state_).size(array); }
  void write(std::size_t array, const void* values) override { of(*state_).write(array, static_cast<const T*>(values)); }
  void read(std::size_t array, void* values) const override { of(*state_).read(array, static_cast<T*>(values)); }

  void take(const Plan& plan) override {
    if (plan.lies_like(state_->plan)) return state_->take(plan);
    auto state = std::make_unique<State<T>>(state_->description, plan);
    std::vector<T> values;
    for (std::size_t array = 0; array < arrays(); ++array) {
      values.resize(size(array));
      read(array, values.data());
      of(*state).write(array, values.data());
    }
    state_ = std::move(state);
  }
  unsigned meetings() const override { return state_->team.barrier().rounds(); }

  void train(const Records& records, const Rates& rates, std::uint64_t dropout_key, double seconds, Progress& progress,
             float* outputs) override {
    run({Mode::train, records, rates, dropout_key, seconds, &progress, outputs});
  }
  void predict(const Records& records, Progress& progress, float* outputs) override {
    run({Mode::predict, records, {}, 0, 0, &progress, outputs});
  }
  double gradient(const Records& records, std::uint64_t dropout_key, std::size_t array, void* values) override {
    for (Layer<T>& l : state_->layers) l.allocate_gradients();
    Progress progress;
    run({Mode::gradient, records, {}, dropout_key, 0, &progress, nullptr});
    of(*state_).read_gradient(array, static_cast<T*>(values));
    return progress.loss;
  }

 private:
  std::unique_ptr<State<T>> state_;
  bool out_of_time_ = false;

  static Arrays<T> of(State<T>& state) { return Arrays<T>(state); }

  void run(const Call& call) {
    state_->call = call;
    out_of_time_ = false;
    state_->team.run([](void* self, int thread) { static_cast<NetworkOf*>(self)->steps(thread); }, this);
  }

  // The steps of a call, on every thread.
  void steps(int thread) {
    const FlushDenormals flushed;
    const Call& call = state_->call;
    const std::int64_t batch_size = state_->description.batch_size, count = call.records.count;
    const std::int64_t steps = (count + batch_size - 1) / batch_size, first = call.progress->steps;
    const auto start = std::chrono::steady_clock::now();
    const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
    const auto turn_of = [&](std::int64_t step) {
      return Turn{thread, step, int(std::min(batch_size, count - step * batch_size)), step * batch_size};
    };
    if (first >= steps) return;
    if (thread == 0) state_->schedule.deal_records(turn_of(first).records);
    if (call.mode == Mode::predict)
      for (const int i : state_->normalizations) take_statistics(*state_, std::size_t(i), thread, 0);
    state_->team.barrier().wait();
    for (std::int64_t step = first;; ++step) {
      const Turn turn = turn_of(step);
      if (thread == 0) state_->schedule.deal_kernels();  // which nobody takes before the next barrier
      if (state_->has_penalties) sum_penalties(*state_, thread);
      passes(turn);
      const bool last = step + 1 == steps || call.mode == Mode::gradient;
      if (call.mode == Mode::train && thread == 0)
        out_of_time_ = seconds() >= call.seconds;
      state_->team.barrier().wait();  // every d_z is known
      if (thread == 0) {
        account(turn);
        if (!last) state_->schedule.deal_records(turn_of(step + 1).records);
      }
      if (call.mode == Mode::train) update(*state_, turn);
      if (call.mode == Mode::gradient) store_gradients(*state_, turn);
      if (last || out_of_time_) break;
      state_->team.barrier().wait();  // every kernel is updated
    }
    state_->team.barrier().wait();
    if (thread == 0) call.progress->seconds += seconds();
  }

  // A step's records → losses, hits and all d_z, this thread's part.
  void passes(const Turn& turn) {
    Schedule<T>& schedule = state_->schedule;
    const int phases = state_->phases();
    for (int phase = 0; phase < phases; ++phase) {
      if (phase > 0) begin_phase(turn, phase);
      if (schedule.by_records()) {
        while (const auto records = schedule.take_records(phase, turn.thread)) {
          if (phase == 0) gather(*state_, turn, *records);
          forward_and_backward(turn, phase, *records);
        }
      } else {
        if (phase == 0) gather(*state_, turn, {0, turn.records});
        forward_and_backward(turn, phase, schedule.own_records(turn.records, turn.thread));
      }
    }
  }
  // What lies between the sums of a BatchNormalization's blocks and their use.
  void begin_phase(const Turn& turn, int phase) {
    const int norms = int(state_->normalizations.size());
    const bool is_forward = phase <= norms;
    const auto i = std::size_t(state_->normalizations[is_forward ? phase - 1 : 2 * norms - phase]);
    const Layer<T>& l = state_->layers[i];
    if (!l.by_columns) state_->team.barrier().wait();
    if (is_forward) take_statistics(*state_, i, turn.thread, turn.records);
    else take_gradients(*state_, i, turn.thread, turn.records);
  }
  // From one BatchNormalization's sums to the next one's: first forward; then, with the last of them behind, to the
  // loss and back to it; then back from each to the one before.
  void forward_and_backward(const Turn& turn, int phase, Range own) {
    const std::vector<int>& at = state_->normalizations;
    const int layers = int(state_->layers.size()), middle = state_->phases() / 2, mirrored = 2 * middle - phase;
    if (phase <= middle) {
      const int end = phase < middle ? at[phase] : layers;
      forward(*state_, turn, {phase > 0 ? at[phase - 1] : 0, end}, own);
      if (phase < middle) return sum_inputs(*state_, turn, std::size_t(end), own);
      if (state_->layers.back().by_columns) state_->team.barrier().wait();
      if (state_->call.outputs) write_outputs(*state_, turn, own);
      if (state_->call.records.targets) losses_and_gradients(*state_, turn, own);
      if (state_->call.mode == Mode::predict) return;
    }
    const int until = mirrored > 0 ? at[mirrored - 1] : -1;
    backward(*state_, turn, {until + 1, phase == middle ? layers : at[mirrored] + 1}, own);
    if (until >= 0) sum_gradients(*state_, turn, std::size_t(until), own);
  }

  // losses, hits (records,) and the penalties' row_sums → the progress of the epoch.
  void account(const Turn& turn) {
    Progress& progress = *state_->call.progress;
    progress.steps = turn.step + 1;
    double loss = 0, penalty = 0;
    for (int r = 0; r < turn.records && state_->call.records.targets; ++r) {
      loss += state_->losses.get()[r];
      progress.hits += state_->hits.get()[r];
    }
    if (state_->has_penalties)
      for (std::size_t i = 0; i < state_->kernel_rows; ++i) penalty += state_->row_sums.get()[i];
    progress.loss += loss + penalty * turn.records;
  }
};

}  // namespace rowwise::ROWWISE_ISA
