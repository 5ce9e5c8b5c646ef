// A network and its training step: forward, loss, backward, update, by a team of threads.
//
// Of a small batch a thread takes columns of a wide layer (so that its part of the kernel and of the optimizer's moments stays
// in its own cache) and records, or rows of the kernel, of a narrow one. Of a large batch it takes a few records there and
// back, then a few rows of a kernel, as long as there are some left: nobody waits for a thread whose core is slower. No sum is
// ever divided among threads: the result does not depend on their number.
#pragma once
#include <algorithm>
#include <chrono>

#include "activation.h"
#include "loss.h"
#include "network.h"
#include "optimizer.h"
#include "product.h"
#include "threads.h"

namespace rowwise::ROWWISE_ISA {

// The distance of two rows: whole cache lines, an odd number of them, so that rows below each other do not compete for
// the same sets of the cache.
template <class T>
inline int padded(int n) {
  constexpr int line = 64 / sizeof(T);
  return (((n + line - 1) / line) | 1) * line;
}

// 32 well-mixed bits (two rounds of C. Wellons' "lowbias32"): which unit of which record is dropped depends on nothing else.
inline std::uint32_t mixed(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352dU;
  x = (x ^ (x >> 15)) * 0x846ca68bU;
  return x ^ (x >> 16);
}

template <class T>
class NetworkOf final : public Network {
 public:
  explicit NetworkOf(const Description& d)
      : d_(d),
        team_(d.threads),
        by_records_(d.batch_size >= kWorth * d.threads),
        task_(std::clamp(d.batch_size / (8 * d.threads) / kFewest * kFewest, kFewest, kChunk)),
        record_tasks_(d.threads),
        kernel_tasks_(d.threads),
        loss_(d.batch_size),
        hit_(d.batch_size) {
    const int B = d.batch_size;
    const int slots = d.optimizer.slots();
    const int copies = by_records_ ? 1 : d.threads;  // of the batch
    std::size_t widest = 1;
    for (const Layer& layer : d.layers) {
      Dense& l = dense_.emplace_back();
      l.K = layer.inputs;
      l.N = layer.units;
      l.ld = padded<T>(l.N);
      l.ldk = padded<T>(l.K);
      l.by_columns = big(l.K, l.N) && layer.activation != Activation::softmax;
      l.cut = Cut<T>(l.K, l.N, l.by_columns ? d.threads : 1);
      const bool first = dense_.size() == 1;
      for (int s = 0; s <= slots; ++s) {
        l.kernel[s] = Buffer<T>(l.cut.size());
        if (layer.bias) l.bias[s] = Buffer<T>(l.ld);
      }
      if (!first) {
        l.back_by_columns = big(l.N, l.K) && d.layers[dense_.size() - 2].activation != Activation::softmax;
        l.cut_t = Cut<T>(l.N, l.K, l.back_by_columns ? d.threads : 1);
        l.transposed = Buffer<T>(l.cut_t.size());
      }
      if (d.optimizer.global_clipnorm > 0) {
        l.gradient = Buffer<T>(l.cut.size());
        l.bias_gradient = Buffer<T>(l.ld);
      }
      l.z = Buffer<T>(std::size_t(B) * l.ld);
      l.h = Buffer<T>(std::size_t(B) * l.ld);
      l.slope = Buffer<T>(std::size_t(B) * l.ld);
      if (!first && layer.dropout > 0) l.dropped = Buffer<T>(std::size_t(B) * l.ldk);
      widest = std::max(widest, std::size_t(l.N));
      rows_of_kernels_ += l.K + 1;
      kernel_parts_ += chunks(l.K);
      penalised_ = penalised_ || layer.kernel_l1 || layer.kernel_l2 || layer.bias_l1 || layer.bias_l2;
    }
    bytes_ld_ = padded<std::uint8_t>(dense_[0].K);
    for (int t = 0; t < copies; ++t) {
      if (d.bytes) bytes_.emplace_back(std::size_t(B + kRows) * bytes_ld_);
      else x_.emplace_back(std::size_t(B) * dense_[0].ldk);
    }
    for (int t = 0; t < d.threads; ++t) gradient_.emplace_back(std::size_t(kChunk) * padded<T>(int(widest)));
    row_sums_ = Buffer<double>(rows_of_kernels_);
    std::vector<std::int64_t> work(d.threads);
    for (const Dense& l : dense_)
      if (l.by_columns)
        for (const Panel& p : l.cut.panels()) work[p.owner] += std::int64_t(l.K) * p.vectors;
    const std::int64_t least = *std::min_element(work.begin(), work.end());
    for (const std::int64_t mine : work) light_.push_back(mine <= least + least / 20 ? light_threads_++ : -1);
  }

  std::size_t arrays() const override {
    std::size_t count = 0;
    for (const Dense& l : dense_) count += l.bias[0] ? 2 : 1;
    return count * (1 + d_.optimizer.slots());
  }
  std::size_t numbers(std::size_t array) const override {
    const Place place = find(array);
    const Dense& l = dense_[place.layer];
    return std::size_t(place.kernel ? l.K : 1) * l.N;
  }
  void write(std::size_t array, const void* values) override {
    const Place to = find(array);
    const Dense& l = dense_[to.layer];
    const T* from = static_cast<const T*>(values);
    if (!to.kernel) std::memcpy(to.p, from, sizeof(T) * l.N);
    else
      for (int k = 0; k < l.K; ++k)
        l.cut.row(to.p, k, [&](T* p, int c, int n) { std::memcpy(p, from + std::size_t(k) * l.N + c, sizeof(T) * n); });
    if (to.layer > 0 && to.p == l.kernel[0].get())
      for (const Panel& p : l.cut.panels()) transpose_kernel(l, p, {0, l.K});
  }
  void read(std::size_t array, void* values) const override {
    const Place from = find(array);
    copy_out(from, static_cast<T*>(values));
  }

  void train(const Batches& batches, const float* rates, const double* corrections, std::uint64_t key, double seconds,
             Progress& progress, float* outputs) override {
    job_ = {batches, rates, corrections, key, seconds, &progress, outputs, Mode::train};
    run();
  }
  void predict(const Batches& batches, Progress& progress, float* outputs) override {
    job_ = {batches, nullptr, nullptr, 0, 1e30, &progress, outputs, Mode::predict};
    run();
  }
  double gradients(const Batches& batches, std::uint64_t key, std::size_t array, void* values) override {
    for (Dense& l : dense_)
      if (!l.gradient) {
        l.gradient = Buffer<T>(l.cut.size());
        l.bias_gradient = Buffer<T>(l.ld);
      }
    Progress progress;
    job_ = {batches, nullptr, nullptr, key, 1e30, &progress, nullptr, Mode::gradients};
    run();
    Place place = find(array);
    place.p = place.kernel ? dense_[place.layer].gradient.get() : dense_[place.layer].bias_gradient.get();
    copy_out(place, static_cast<T*>(values));
    return progress.loss;
  }

 private:
  enum class Mode { train, predict, gradients };
  static constexpr int kFewest = 16;  // records that a thread takes at a time, at least; as far ahead they are fetched
  // Records a thread from which on it takes records and not columns: measured with AVX2; with AVX-512 batches of 32 were
  // measured by columns, on a machine where another core's cache was far.
  static constexpr int kWorth = kVectorBytes == 64 ? 64 : 16;

  struct Dense {
    int K, N, ld, ldk;                   // numbers from one row to the next: of outputs, of inputs
    Cut<T> cut, cut_t;                   // of the kernel's columns, and of its transpose's
    bool by_columns = false, back_by_columns = false;
    Buffer<T> kernel[3], bias[3];        // itself and the optimizer's slots
    Buffer<T> transposed;                // of the kernel, (N, K), for the backward pass
    Buffer<T> gradient, bias_gradient;   // only where a step must keep them
    Buffer<T> z, h, slope;               // before and after the activation; slope of the loss by z
    Buffer<T> dropped;                   // inputs after dropout

    static Part<T> part(const Buffer<T>& matrix, const Cut<T>& cut, const Panel& p, int row) {
      return {cut.row_of(matrix.get(), p, row), cut.ld(p)};
    }
    Part<T> slopes_from(const Panel& p, int row) const { return {slope.get() + std::ptrdiff_t(row) * ld + p.column, ld}; }
  };
  struct Place {
    T* p;
    std::size_t layer;
    bool kernel;
  };
  struct Job {
    Batches batches;
    const float* rates;
    const double* corrections;
    std::uint64_t key;
    double seconds;
    Progress* progress;
    float* outputs;
    Mode mode;
  };

  const Description d_;
  Team team_;
  std::vector<Dense> dense_;
  const bool by_records_;  // whether a thread takes records there and back,
  const int task_;         // and how many at a time
  Tasks record_tasks_, kernel_tasks_;
  int kernel_parts_ = 0;
  // The batch: with a small one each thread makes its own, because another core's cache is further away than the records.
  std::vector<Buffer<T>> x_;
  std::vector<Buffer<std::uint8_t>> bytes_;
  int bytes_ld_ = 0;
  std::vector<Buffer<T>> gradient_;  // of each thread: of the rows of a kernel that it is about to update
  Buffer<T> loss_;
  Buffer<std::uint8_t> hit_;
  Buffer<double> row_sums_;
  int rows_of_kernels_ = 0;
  std::vector<int> light_;  // of each thread its number among those with the fewest columns, or -1
  int light_threads_ = 0;
  bool penalised_ = false;
  Job job_{};
  bool stop_ = false;

  // Whether columns of a small batch are worth dividing: a kernel that fills an L1 cache, in nearly equal parts.
  bool big(int depth, int columns) const {
    const int threads = d_.threads, vectors = (columns + kWidth<T> - 1) / kWidth<T>;
    const int most = (vectors + threads - 1) / threads;
    if (by_records_) return false;
    return threads == 1 || (std::int64_t(depth) * columns >= 16384 && double(most) * threads <= 1.4 * vectors);
  }

  std::size_t copy(int thread) const { return by_records_ ? 0 : std::size_t(thread); }  // of the batch, that a thread reads
  static int chunks(int rows) { return (rows + kChunk - 1) / kChunk; }
  int tasks_of(int records) const { return (records + task_ - 1) / task_; }

  Place find(std::size_t array) const {
    std::size_t index = 0;
    for (int s = 0; s < 3; ++s)
      for (std::size_t i = 0; i < dense_.size(); ++i) {
        const Dense& l = dense_[i];
        if (index++ == array) return {l.kernel[s].get(), i, true};
        if (l.bias[0] && index++ == array) return {l.bias[s].get(), i, false};
      }
    return {};
  }
  void copy_out(const Place& from, T* values) const {
    const Dense& l = dense_[from.layer];
    if (!from.kernel) std::memcpy(values, from.p, sizeof(T) * l.N);
    else
      for (int k = 0; k < l.K; ++k)
        l.cut.row(from.p, k, [&](T* p, int c, int n) { std::memcpy(values + std::size_t(k) * l.N + c, p, sizeof(T) * n); });
  }
  // Rows `rows` of a panel of the kernel, into the kernel's transpose.
  static void transpose_kernel(const Dense& l, const Panel& p, Range rows) {
    for (const Panel& q : l.cut_t.panels()) {
      const int begin = std::max(rows.begin, q.column), end = std::min(rows.end, q.column + l.cut_t.width(q));
      if (begin < end)
        transpose(l.cut.row_of(l.kernel[0].get(), p, begin), l.cut.ld(p),
                  l.cut_t.row_of(l.transposed.get(), q, p.column) + begin - q.column, l.cut_t.ld(q), end - begin, l.cut.width(p));
    }
  }

  void run() {
    stop_ = false;
    team_.run([](void* self, int thread) { static_cast<NetworkOf*>(self)->work(thread); }, this);
  }

  // ---- the loop over steps, on every thread
  void work(int thread) {
    const FlushDenormals flushed;
    const Job& job = job_;
    const int B = d_.batch_size;
    const std::int64_t steps = (job.batches.records + B - 1) / B, first = job.progress->steps;
    const auto start = std::chrono::steady_clock::now();
    const auto records_of = [&](std::int64_t s) { return int(std::min<std::int64_t>(B, job.batches.records - s * B)); };
    if (first >= steps) return;
    if (thread == 0) record_tasks_.deal(tasks_of(records_of(first)));
    team_.barrier().wait();
    for (std::int64_t s = first;; ++s) {
      const int n = records_of(s);
      if (thread == 0) kernel_tasks_.deal(kernel_parts_);  // which nobody takes before all slopes are known
      if (penalised_) penalties(thread);
      if (by_records_) {
        for (int task; (task = record_tasks_.take(thread)) >= 0;) {
          const Range mine{task * task_, std::min((task + 1) * task_, n)};
          gather(thread, s, mine);
          there_and_back(thread, s, mine, n);
        }
      } else {
        gather(thread, s, {0, n});
        there_and_back(thread, s, share(n, d_.threads, thread), n);
      }
      const bool last = s + 1 == steps || job.mode == Mode::gradients;
      if (job.mode == Mode::train && thread == 0)
        stop_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > job.seconds;
      team_.barrier().wait();  // all slopes are known
      if (thread == 0) {
        account(s, n);
        if (!last) record_tasks_.deal(tasks_of(records_of(s + 1)));
      }
      if (job.mode == Mode::train) learn(thread, s, n);
      if (job.mode == Mode::gradients) keep_gradients(thread, n);
      if (last || stop_) break;
      team_.barrier().wait();  // the kernels are updated
    }
    team_.barrier().wait();
  }

  // Forward, loss, backward.
  void there_and_back(int thread, std::int64_t s, Range mine, int n) {
    forward(thread, s, mine, n);
    if (dense_.back().by_columns) team_.barrier().wait();
    if (job_.outputs) emit(s, mine);
    if (job_.batches.targets) losses(s, mine, n);
    if (job_.mode != Mode::predict) backward(thread, s, mine, n);
  }

  void account(std::int64_t s, int n) {
    Progress& progress = *job_.progress;
    progress.steps = s + 1;
    double sum = 0, penalty = 0;
    for (int r = 0; r < n && job_.batches.targets; ++r) {
      sum += loss_.get()[r];
      progress.hits += hit_.get()[r];
    }
    if (penalised_)
      for (int i = 0; i < rows_of_kernels_; ++i) penalty += row_sums_.get()[i];
    progress.loss += sum + penalty * n;
  }

  // ---- records in
  std::int64_t record_at(std::int64_t i) const { return job_.batches.order ? job_.batches.order[i] : i; }

  // Records `rows` of step s, into the batch.
  void gather(int thread, std::int64_t s, Range rows) {
    const int K = dense_[0].K;
    for (int r = rows.begin; r < rows.end; ++r) {
      const std::int64_t i = s * d_.batch_size + r;
      if (d_.bytes) {
        const auto* x = static_cast<const std::uint8_t*>(job_.batches.x);
        std::memcpy(bytes_[copy(thread)].get() + std::ptrdiff_t(r) * bytes_ld_, x + record_at(i) * K, K);
        if (i + kFewest >= job_.batches.records) continue;
        const std::uint8_t* ahead = x + record_at(i + kFewest) * K;  // they lie anywhere in memory
        for (int k = 0; k < K; k += 64) __builtin_prefetch(ahead + k, 0, 2);
      } else {
        const T* from = static_cast<const T*>(job_.batches.x) + record_at(i) * K;
        T* to = x_[copy(thread)].get() + std::ptrdiff_t(r) * dense_[0].ldk;
        const T scale = T(d_.scale), offset = T(d_.offset);
        if (scale == 1 && offset == 0) std::memcpy(to, from, sizeof(T) * K);
        else
          for (int k = 0; k < K; ++k) to[k] = from[k] * scale + offset;
        if (job_.mode != Mode::predict && d_.layers[0].dropout > 0) drop(0, s, r, to, to, {0, K});
      }
    }
  }

  // ---- dropout
  // keep[j] is 1 / (1 - rate) or 0, a function of the key, the step, the layer, the record's place and the unit.
  struct Keep {
    std::uint32_t key_1, key_2, limit;
    T scale;
    T operator()(int unit) const { return mixed(mixed(std::uint32_t(unit) ^ key_1) + key_2) >= limit ? scale : T(0); }
  };
  Keep keep(std::size_t layer, std::int64_t s, int r) const {
    const double rate = d_.layers[layer].dropout;
    const std::uint32_t place = mixed(std::uint32_t(s) * 0x9e3779b9U + std::uint32_t(layer)) + std::uint32_t(r);
    return {mixed(std::uint32_t(job_.key) ^ place), mixed(std::uint32_t(job_.key >> 32) + place),
            std::uint32_t(rate * 4294967296.0), T(1 / (1 - rate))};
  }
  void drop(std::size_t layer, std::int64_t s, int r, const T* from, T* to, Range units) const {
    const Keep kept = keep(layer, s, r);
    for (int j = units.begin; j < units.end; ++j) to[j] = from[j] * kept(j);
  }

  // ---- forward
  const T* inputs(std::size_t i) const {  // of layer i > 0, a record a row
    return dense_[i].dropped && job_.mode != Mode::predict ? dense_[i].dropped.get() : dense_[i - 1].h.get();
  }

  // f(the inputs of layer i, a record a row), f(a feature a row).
  template <class F>
  void with_records(std::size_t i, int thread, const F& f) const {
    if (i > 0) f(Rows<T>{inputs(i), dense_[i].ldk});
    else if (d_.bytes) f(ByteRows<T>{bytes_[copy(thread)].get(), bytes_ld_, T(d_.scale)});
    else f(Rows<T>{x_[copy(thread)].get(), dense_[0].ldk});
  }
  template <class F>
  void with_features(std::size_t i, int thread, const F& f) const {
    if (i > 0) f(Columns<T>{inputs(i), dense_[i].ldk});
    else if (d_.bytes) f(ByteColumns<T>{bytes_[copy(thread)].get(), bytes_ld_, T(d_.scale)});
    else f(Columns<T>{x_[copy(thread)].get(), dense_[0].ldk});
  }

  void forward(int thread, std::int64_t s, Range mine, int n) {
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      Dense& l = dense_[i];
      if (i > 0 && (l.by_columns || dense_[i - 1].by_columns)) team_.barrier().wait();
      const Range rows = l.by_columns ? Range{0, n} : mine;
      const int owner = l.by_columns ? thread : -1;
      const T* bias = l.bias[0].get();
      with_records(i, thread, [&](const auto& a) {
        product<T>(
            a, rows, l.K, l.cut, owner, [&](const Panel& p, int k) { return l.part(l.kernel[0], l.cut, p, k); },
            [&](const Panel& p, int r) {
              return Sums<T>{l.z.get() + std::ptrdiff_t(r) * l.ld + p.column, l.ld, bias ? bias + p.column : nullptr};
            },
            [](auto...) {});
      });
      finish(i, s, rows, l.cut.columns(owner));
    }
  }

  // Activation of layer i, and dropout of its outputs for the next layer.
  void finish(std::size_t i, std::int64_t s, Range rows, Range units) {
    const Dense& l = dense_[i];
    const Layer& layer = d_.layers[i];
    const T slope = T(layer.slope);
    const bool ends = i + 1 == dense_.size(), learns = job_.mode != Mode::predict;
    for (int r = rows.begin; r < rows.end; ++r) {
      const T* z = l.z.get() + std::ptrdiff_t(r) * l.ld;
      T* h = l.h.get() + std::ptrdiff_t(r) * l.ld;
      if (layer.activation == Activation::relu)  // the usual one, without the switch
        for (int j = units.begin; j < units.end; j += kWidth<T>) store(h + j, maximum<T>(Vec<T>{}, load(z + j)));
      else
        for (int j = units.begin; j < units.end; j += kWidth<T>)
          store(h + j, activate<T>(layer.activation, load(z + j), slope));
      if (layer.activation == Activation::softmax) softmax(h, l.N);
      if (ends && !d_.output_scale.empty())
        for (int j = units.begin; j < units.end; ++j) h[j] = h[j] * T(d_.output_scale[j]) + T(d_.output_offset[j]);
      if (!ends && learns && dense_[i + 1].dropped)
        drop(i + 1, s, r, h, dense_[i + 1].dropped.get() + std::ptrdiff_t(r) * l.ld, units);
    }
  }

  void emit(std::int64_t s, Range rows) const {
    const Dense& l = dense_.back();
    for (int r = rows.begin; r < rows.end; ++r)
      for (int j = 0; j < l.N; ++j)
        job_.outputs[(s * d_.batch_size + r) * l.N + j] = float(l.h.get()[std::ptrdiff_t(r) * l.ld + j]);
  }

  // ---- loss and backward
  void backward(int thread, std::int64_t s, Range mine, int n) {
    bool by_columns = false;  // how the slopes that come next were made
    for (std::size_t i = dense_.size() - 1; i > 0; --i) {
      const Dense& l = dense_[i];
      if (l.back_by_columns || by_columns) team_.barrier().wait();
      by_columns = l.back_by_columns;
      slopes(i, s, by_columns ? Range{0, n} : mine, by_columns ? thread : -1);
    }
  }

  void losses(std::int64_t s, Range rows, int n) {
    const Dense& l = dense_.back();
    const Layer& layer = d_.layers.back();
    const bool sparse = d_.loss == Loss::sparse_crossentropy;
    const Targets<T> targets{sparse ? static_cast<const std::int32_t*>(job_.batches.targets) : nullptr,
                             sparse ? nullptr : static_cast<const T*>(job_.batches.targets), d_.label_smoothing, d_.loss};
    for (int r = rows.begin; r < rows.end; ++r) {
      const std::int64_t record = record_at(s * d_.batch_size + r);
      const T* y = l.h.get() + std::ptrdiff_t(r) * l.ld;
      T* d = l.slope.get() + std::ptrdiff_t(r) * l.ld;
      const T loss = loss_of<T>(d_.loss, d_.from_logits, layer.activation, T(layer.slope), targets, record,
                                l.z.get() + std::ptrdiff_t(r) * l.ld, y, d, l.N);
      const T weight = job_.batches.weights ? T(job_.batches.weights[record]) : T(1);
      loss_.get()[r] = loss * weight;
      const T share_of_batch = weight / n;
      if (!d_.output_scale.empty())
        for (int j = 0; j < l.N; ++j) d[j] *= T(d_.output_scale[j]);
      for (int j = 0; j < l.N; ++j) d[j] *= share_of_batch;
      for (int j = l.N; j % kWidth<T>; ++j) d[j] = 0;
      hit_.get()[r] = hit(targets, record, y, l.N);
    }
  }
  static bool hit(const Targets<T>& targets, std::int64_t record, const T* y, int n) {
    int best = 0, wanted = 0;
    for (int j = 1; j < n; ++j) best = y[j] > y[best] ? j : best;
    if (targets.classes) return best == targets.label(record);
    const T* t = targets.values + record * n;
    for (int j = 1; j < n; ++j) wanted = t[j] > t[wanted] ? j : wanted;
    return best == wanted;
  }

  // slope of layer i - 1 from that of layer i: times the kernel's transpose, the dropout and the activation's derivative.
  void slopes(std::size_t i, std::int64_t s, Range rows, int owner) {
    const Dense& l = dense_[i];
    const Dense& to = dense_[i - 1];
    const Layer& before = d_.layers[i - 1];
    const T slope = T(before.slope);
    const bool drops = d_.layers[i].dropout > 0;
    product<T>(
        Rows<T>{l.slope.get(), l.ld}, rows, l.N, l.cut_t, owner,
        [&](const Panel& p, int k) { return l.part(l.transposed, l.cut_t, p, k); },
        [&](const Panel& p, int r) {
          return Sums<T>{to.slope.get() + std::ptrdiff_t(r) * to.ld + p.column, to.ld, nullptr};
        },
        [](auto...) {});
    const Range units = l.cut_t.columns(owner);
    for (int r = rows.begin; r < rows.end; ++r) {
      const std::ptrdiff_t at_r = std::ptrdiff_t(r) * to.ld;
      T* const d = to.slope.get() + at_r;
      const T *const z = to.z.get() + at_r, *const h = to.h.get() + at_r;
      if (drops) {
        const Keep kept = keep(i, s, r);
        for (int j = units.begin; j < units.end; ++j) d[j] *= kept(j);
      }
      if (before.activation == Activation::relu)  // the usual one, without the switch
        for (int j = units.begin; j < units.end; j += kWidth<T>) store(d + j, load(h + j) > Vec<T>{} ? load(d + j) : Vec<T>{});
      else
        for (int j = units.begin; j < units.end; j += kWidth<T>)
          store(d + j, load(d + j) * slope_at<T>(before.activation, load(z + j), load(h + j), slope));
    }
    if (before.activation == Activation::softmax)
      for (int r = rows.begin; r < rows.end; ++r)
        softmax_back(to.slope.get() + std::ptrdiff_t(r) * to.ld, to.h.get() + std::ptrdiff_t(r) * to.ld, to.N);
  }

  // ---- update
  void learn(int thread, std::int64_t s, int n) {
    Step<T> step(d_.optimizer, job_.rates[s], job_.corrections + 2 * s);
    if (d_.optimizer.global_clipnorm > 0) {
      keep_gradients(thread, n);
      step.clip = clip(thread);
    }
    if (by_records_) {
      for (int task; (task = kernel_tasks_.take(thread)) >= 0;) {
        const auto [i, rows] = kernel_rows(task);
        learn(i, thread, n, step, rows, dense_[i].bias[0] && rows.end == dense_[i].K);
      }
      return;
    }
    for (std::size_t i = dense_.size(); i-- > 0;)
      learn(i, thread, n, step, kernel_rows(dense_[i], thread), has_bias_of(dense_[i], thread));
  }

  // A kernel that is not divided by columns is updated by the threads that have the fewest columns of the others.
  Range kernel_rows(const Dense& l, int thread) const {
    if (l.by_columns) return {0, l.K};
    return light_[thread] < 0 ? Range{0, 0} : share(l.K, light_threads_, light_[thread]);
  }
  bool has_bias_of(const Dense& l, int thread) const {
    return l.bias[0] && (l.by_columns || light_[thread] == light_threads_ - 1);
  }

  Extras<T> extras(std::size_t i, bool kernel, const Step<T>& step) const {
    const Layer& l = d_.layers[i];
    const bool decays = kernel ? l.kernel_decays : l.bias_decays;
    return {T(kernel ? l.kernel_l1 : l.bias_l1), T(kernel ? l.kernel_l2 : l.bias_l2),
            decays ? T(d_.optimizer.weight_decay) * step.rate : T(0)};
  }

  // Every other case, vector by vector: not inlined, because each of the products would get a copy.
  [[gnu::noinline]] void update_vector(const Step<T>& step, const Extras<T>& extra, bool penalised_already, Vec<T> g, T* p, T* a,
                                       T* b, std::ptrdiff_t slot) const {
    if (!penalised_already) g += penalty_slope<T>(load(p), extra);
    g *= step.clip;
    store(p, load(p) - load(p) * extra.decay);
    switch (d_.optimizer.rule) {
      case Rule::adam: return update<T, Rule::adam>(step, g, p, a, b, slot);
      case Rule::sgd: return update<T, Rule::sgd>(step, g, p, a, b, slot);
      case Rule::rmsprop: return update<T, Rule::rmsprop>(step, g, p, a, b, slot);
    }
  }

  struct KernelRows {
    std::size_t layer;
    Range rows;
  };
  KernelRows kernel_rows(int task) const {  // of the kernels, their rows counted through
    for (std::size_t i = 0;; task -= chunks(dense_[i].K), ++i)
      if (task < chunks(dense_[i].K)) return {i, {task * kChunk, std::min((task + 1) * kChunk, dense_[i].K)}};
  }

  void learn(std::size_t i, int thread, int n, const Step<T>& step, Range rows, bool with_bias) {
    const Dense& l = dense_[i];
    const bool clipped = d_.optimizer.global_clipnorm > 0;
    const Extras<T> kernel = extras(i, true, step), bias = extras(i, false, step);
    const bool plain = d_.optimizer.rule == Rule::adam && !clipped && !kernel.any();
    T* const kernel_of = l.kernel[0].get();
    T* const slot_a = l.kernel[1].get();
    T* const slot_b = l.kernel[2].get();
    // Rows of a panel, from their gradients, `ld` apart.
    const auto apply = [&](const Panel& panel_of, auto J, Range of, const T* g, std::ptrdiff_t ld) {
      for (int r = of.begin; r < of.end; ++r, g += ld) {
        const std::ptrdiff_t at = panel_of.offset + std::ptrdiff_t(r) * l.cut.ld(panel_of);
        T* const p = kernel_of + at;
        T* const a = slot_a ? slot_a + at : nullptr;
        T* const b = slot_b ? slot_b + at : nullptr;
        for (int j = 0; j < J * kWidth<T>; j += kWidth<T>) {
          if (plain) update<T, Rule::adam>(step, load(g + j), p + j, a, b, j);
          else update_vector(step, kernel, clipped, load(g + j), p + j, a, b, j);
        }
      }
    };
    const int owner = l.by_columns ? thread : -1;
    if (clipped) {
      l.cut.each(owner, [&](const Panel& p, const Panel*, auto J) {
        apply(p, J, rows, l.cut.row_of(l.gradient.get(), p, rows.begin), l.cut.ld(p));
      });
    } else {
      T* const gradient = gradient_[thread].get();
      with_features(i, thread, [&](const auto& a) {
        product<T>(
            a, rows, n, l.cut, owner, [&](const Panel& p, int r) { return l.slopes_from(p, r); },
            [&](const Panel& p, int) { return Sums<T>{gradient + p.column, l.ld, nullptr}; },
            [&](const Panel& p, auto J, Range of) { apply(p, J, of, gradient + p.column, l.ld); });
      });
    }
    l.cut.each(owner, [&](const Panel& panel_of, const Panel*, auto J) {
      const int c = panel_of.column;
      if (with_bias)
        for (int j = 0; j < J; ++j) {
          const int p = c + j * kWidth<T>;
          const Vec<T> sum = clipped ? load(l.bias_gradient.get() + p) : column_sum(l, p, n);
          update_vector(step, bias, clipped, sum, l.bias[0].get() + p, l.bias[1].get(), l.bias[2].get(), p);
        }
      if (i > 0) transpose_kernel(l, panel_of, rows);
    });
  }

  static Vec<T> column_sum(const Dense& l, int c, int n) {
    Vec<T> sum{};
    for (int r = 0; r < n; ++r) sum += load(l.slope.get() + std::ptrdiff_t(r) * l.ld + c);
    return sum;
  }

  // The gradients of this step, penalties included, into `gradient` and `bias_gradient`.
  void keep_gradients(int thread, int n) {
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      const Dense& l = dense_[i];
      const Range rows = kernel_rows(l, thread);
      const Layer& layer = d_.layers[i];
      const Extras<T> kernel{T(layer.kernel_l1), T(layer.kernel_l2), 0}, bias{T(layer.bias_l1), T(layer.bias_l2), 0};
      const int owner = l.by_columns ? thread : -1;
      with_features(i, thread, [&](const auto& a) {
        product<T>(
            a, rows, n, l.cut, owner, [&](const Panel& p, int r) { return l.slopes_from(p, r); },
            [&](const Panel& p, int k) { return Sums<T>{l.cut.row_of(l.gradient.get(), p, k), l.cut.ld(p), nullptr}; },
            [&](const Panel& p, auto, Range of) {
              T* const g = l.cut.row_of(l.gradient.get(), p, of.begin);
              const T* const k = l.cut.row_of(l.kernel[0].get(), p, of.begin);
              for (int j = 0; j < of.size() * l.cut.ld(p); j += kWidth<T>)
                store(g + j, load(g + j) + penalty_slope<T>(load(k + j), kernel));
            });
      });
      if (has_bias_of(l, thread))
        l.cut.each(owner, [&](const Panel& panel_of, const Panel*, auto J) {
          for (int j = 0; j < J; ++j) {
            const int p = panel_of.column + j * kWidth<T>;
            store(l.bias_gradient.get() + p, column_sum(l, p, n) + penalty_slope<T>(load(l.bias[0].get() + p), bias));
          }
        });
    }
  }

  // f(row of all kernels and biases counted through, its numbers, how many, layer, kernel?), for this thread's rows.
  template <class F>
  void each_row(int thread, const F& f) const {
    int base = 0;
    for (std::size_t i = 0; i < dense_.size(); base += dense_[i].K + 1, ++i) {
      const Range rows = share(dense_[i].K + 1, d_.threads, thread);
      for (int k = rows.begin; k < rows.end; ++k) f(base + k, i, k);
    }
  }

  // Sums of a row are made whole and added in the order of the rows, so that they do not depend on the threads.
  T clip(int thread) {
    team_.barrier().wait();
    each_row(thread, [&](int row, std::size_t i, int k) {
      const Dense& l = dense_[i];
      double sum = 0;
      const auto add = [&](const T* g, int, int count) {
        for (int j = 0; j < count; ++j) sum += double(g[j]) * g[j];
      };
      if (k < l.K) l.cut.row(l.gradient.get(), k, add);
      else if (l.bias[0]) add(l.bias_gradient.get(), 0, l.N);
      row_sums_.get()[row] = sum;
    });
    team_.barrier().wait();
    double sum = 0;
    for (int i = 0; i < rows_of_kernels_; ++i) sum += row_sums_.get()[i];
    const double norm = std::sqrt(sum), most = d_.optimizer.global_clipnorm;
    return norm > most ? T(most / norm) : T(1);
  }

  void penalties(int thread) {
    each_row(thread, [&](int row, std::size_t i, int k) {
      const Dense& l = dense_[i];
      const Layer& layer = d_.layers[i];
      const double l1 = k < l.K ? layer.kernel_l1 : layer.bias_l1, l2 = k < l.K ? layer.kernel_l2 : layer.bias_l2;
      double sum = 0;
      const auto add = [&](const T* p, int, int count) {
        for (int j = 0; j < count; ++j) sum += l1 * std::abs(double(p[j])) + l2 * double(p[j]) * p[j];
      };
      if (!l1 && !l2) sum = 0;
      else if (k < l.K) l.cut.row(l.kernel[0].get(), k, add);
      else if (l.bias[0]) add(l.bias[0].get(), 0, l.N);
      row_sums_.get()[row] = sum;
    });
  }
};

}  // namespace rowwise::ROWWISE_ISA
