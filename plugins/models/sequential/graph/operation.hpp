// What operations work on: values and their memory, one micro-batch in progress; and what they are.
#pragma once

#include "graph/memory.hpp"
#include "graph/parameters.hpp"

#include <atomic>
#include <optional>

namespace sequential {

/// One activation of a micro-batch: `stride` floats for each example. Any number of operations may
/// read it; their gradients are added up.
struct Value {
    Shape shape;  /// of one example, in the layer's terms
    /// If stored in blocks of channels: [channels, height, width]; empty: plain, row by row.
    Shape image;
    /// The value whose memory it shares, and likewise for its gradient; -1: it has its own.
    int shares_value = -1, shares_gradient = -1;
    /// Slope below zero of the rectifier that produced it, if the operation that reads it must
    /// multiply its gradient by the rectifier's derivative.
    std::optional<float> rectified = {};

    // Set by Graph::finish.
    int storage = -1, gradient = -1;  /// the owners of its memory, possibly itself
    std::size_t offset = 0, gradient_offset = 0;
    /// Produced and consumed within one run of operations by example. `gradient_reused`: this holds
    /// for the gradient. `value_reused`: also for the value, which the backward pass to the input
    /// does not read either.
    bool gradient_reused = false, value_reused = false;

    bool blocked() const { return !image.empty(); }
    std::int64_t size() const { return spar::product(shape); }
    /// Floats from one example to the next.
    std::int64_t stride() const;
    /// The place of a plain index in an example's memory.
    std::int64_t position(std::int64_t index) const;
};

class Graph;

/// Floats from one row of a value to the next. What is produced and consumed in one run of
/// operations by example may use the same place for all rows, which then stays in the cache.
struct Strides {
    std::int64_t plain, in_run;
    std::int64_t of(bool run) const { return run ? in_run : plain; }
};

/// What one micro-batch keeps from its forward pass for its backward pass.
class Frame {
  public:
    explicit Frame(const Graph &graph);
    float *data(int id) const { return values_[static_cast<std::size_t>(id)]; }
    std::int64_t stride(int id, bool in_run) const { return strides_[id].of(in_run); }
    /// What an operation reserved with Graph::reserve.
    template <class T>
    T *extra(std::size_t offset) const {
        return reinterpret_cast<T *>(block_.data() + offset);
    }

  private:
    Block block_;
    std::vector<float *> values_;
    const Strides *strides_;  // the graph's, for the length at hand
};

/// Gradients of all parameters in the layouts of the kernels that compute them.
class ParameterGradients {
  public:
    explicit ParameterGradients(const Graph &graph);
    float *slot(int id) const { return slots_[static_cast<std::size_t>(id)]; }
    float *data() const { return reinterpret_cast<float *>(block_.data()); }
    /// Floats before the slots of an operation; for the index after the last, all.
    std::int64_t begin_of(std::size_t operation) const;
    /// Adds the gradients of the operations [first, last) of the graph.
    void add(const ParameterGradients &other, std::size_t first, std::size_t last) const;

  private:
    Block block_;
    std::vector<float *> slots_;
    std::vector<std::size_t> ends_;  // end of each operation's slots, in bytes
};

/// What one thread needs to run micro-batches: gradients of the values, and scratch memory.
class Workspace {
  public:
    explicit Workspace(const Graph &graph);
    float *gradient(int id) const { return gradients_[static_cast<std::size_t>(id)]; }
    std::int64_t gradient_stride(int id, bool in_run) const { return strides_[id].of(in_run); }
    float *scratch() const { return reinterpret_cast<float *>(scratch_.data()); }

  private:
    Block block_, scratch_;
    std::vector<float *> gradients_;
    const Strides *strides_;  // as a frame's
};

/// Sums over a whole batch for all operations that couple its examples, concatenated.
struct BatchSums {
    std::int64_t rows = 0;
    std::vector<double> forward, backward;
};

/// What a pass does at one site (spar_site_use), for all rows of the batch.
struct SiteUse {
    const float *add = nullptr;
    float *values = nullptr, *gradient = nullptr;
    const float *cotangent = nullptr;
};

/// One micro-batch in progress.
struct Batch {
    std::int64_t first = 0;  /// its first row in the whole batch
    std::int64_t rows = 0;
    std::int64_t begin = 0, end = 0;  /// those to compute now
    bool one_by_one = false;          /// one example of a run by example: begin + 1 == end
    bool training = false;
    bool drops = false;   /// dropout is active: in training, and in the steps of such a pass
    bool counted = true;  /// otherwise steps through the first stage
    std::uint64_t key = 0;
    const std::int64_t *ids = nullptr;  /// of the rows
    const float *mask = nullptr;        /// likewise, 0 at padding; null: none
    std::int64_t length = 0;            /// positions of a row of the mask
    Frame *frame = nullptr;
    Workspace *work = nullptr;
    const ParameterGradients *gradients = nullptr;  /// written, not added to
    const BatchSums *sums = nullptr;                /// of the whole batch, if it is coupled
    bool input_gradient_only = false;               /// at most: nothing else is available
    bool bf16 = false;                              /// use less exact kernels, if there are some
    const SiteUse *sites = nullptr;  /// of every site of the graph; null: none is used

    /// The place of a value of one row, and of its gradient.
    float *value(int id, std::int64_t row) const {
        return frame->data(id) + row * frame->stride(id, one_by_one && input_gradient_only);
    }
    float *gradient(int id, std::int64_t row) const {
        return work->gradient(id) + row * work->gradient_stride(id, one_by_one);
    }
};

/// A convolution of few channels that is the whole first stage runs an attack's steps fused, one
/// example at a time: see Kernels::first_conv_step.
class FusedStage {
  public:
    virtual ~FusedStage() = default;
    /// Loads an example's gradient at the stage's end into the scratch memory, for its steps.
    virtual void load_gradient(const float *p, float *scratch) const = 0;
    /// dx of that example from its x.
    virtual void step(const float *x, float *scratch, float *dx) const = 0;
    virtual void clear_sums(const ParameterGradients &gradients) const = 0;
    /// Adds the gradients of the parameters at the point that the steps reached. Overwrites the
    /// loaded gradient.
    virtual void add_sums(const float *x, float *scratch,
                          const ParameterGradients &gradients) const = 0;
};

/// An operation that couples the examples of a batch in training: its forward pass uses sums over
/// all of them, and so does its backward pass. The executor brings every micro-batch up to it, adds
/// up their parts in order, and continues.
class Coupled {
  public:
    virtual ~Coupled() = default;
    /// Writes the micro-batch's part of the sums into its frame, before its forward or backward
    /// pass.
    virtual void gather(Batch &batch) const = 0;
    virtual void gather_gradient(Batch &batch) const = 0;
    /// Moves running statistics towards those of a batch.
    virtual void follow(const BatchSums &sums) = 0;

    std::size_t count = 0;    /// of the sums
    std::size_t partial = 0;  /// place of a micro-batch's part in the frame, as doubles
    std::size_t first = 0;    /// their place in BatchSums
};

/// One operation of the network. Its backward pass has no mask, key or ids: it must keep what it
/// needs of them in its frame.
class Operation {
  public:
    virtual ~Operation() = default;
    virtual void forward(Batch &batch) const = 0;
    /// From the gradient of its output to those of its inputs and parameters. May overwrite the
    /// gradient of the output.
    virtual void backward(Batch &batch, bool input, bool parameters) const = 0;
    virtual bool has_parameters() const { return false; }
    /// Whether forward pass and input gradient may run on rows [batch.begin, batch.end), so that
    /// several operations process one example while it is in the cache.
    virtual bool by_example() const { return false; }
    /// Whether the parameters' gradient may do so too, at no extra cost.
    virtual bool learns_by_example() const { return by_example() && !has_parameters(); }
    /// Whether the input gradient needs neither the input nor the output at Batch::value.
    virtual bool backward_without_values() const { return false; }
    /// Whether its backward pass reads its output, which must then not be overwritten.
    virtual bool reads_output() const { return true; }
    /// Packs values of parameters into the kernels' layouts.
    virtual void pack() {}
    /// After pack: into the layouts of the kernels in bfloat16.
    virtual void pack_bf16() {}
    /// If gradients of parameters are summed over the whole batch instead of each micro-batch:
    /// makes room for that many rows before the backward pass.
    virtual void expect(std::int64_t) {}
    /// The number of parts of this sum, each for one thread, after all backward passes.
    virtual std::int64_t sum_parts() const { return 0; }
    virtual void sum_part(std::int64_t) const {}
    /// Adds gradients to those of the parameters.
    virtual void deposit(const ParameterGradients &) const {}
    /// The number of parts of pack and deposit, each for one thread, if there are many weights.
    virtual std::int64_t weight_parts() const { return 1; }
    virtual void pack_part(std::int64_t) { pack(); }
    virtual void deposit_part(const ParameterGradients &gradients, std::int64_t) const {
        deposit(gradients);
    }
    virtual const FusedStage *fused_stage() const { return nullptr; }
    virtual Coupled *coupled() { return nullptr; }
    /// Called when an input has become longer or shorter along its first axis, the positions of a
    /// text, though never longer than when it was built: takes its sizes from there anew, and sets
    /// the shapes of its outputs. False: it cannot.
    virtual bool resize(Graph &) { return false; }

    /// The shape of its sites, at the length at hand.
    virtual Shape site_shape() const { return {}; }
    /// Writes which values of a site have an effect, 1 or 0, in a row of a batch with a mask.
    virtual void mark_site(const Batch &, std::int64_t, float *) const {}

    /// Values. One may be read several times. An output may share memory with the first input, if
    /// the backward pass does not need that.
    std::vector<int> inputs, outputs;
};

}  // namespace sequential
