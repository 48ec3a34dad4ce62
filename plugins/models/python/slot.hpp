// One tape's arrays in shared memory: what goes to the child and what comes back.
#pragma once

#include "memory.hpp"

namespace python {

/// What an example has of each array.
struct Widths {
    std::int64_t inputs = 0, outputs = 0;
    std::int64_t positions = 0;  // of a text; 0 for values
};

/// The arrays follow each other in the order of the functions below, each aligned; runner.py
/// computes the same.
class Slot {
  public:
    explicit Slot(const char *name) : memory_(name) {}

    /// Makes room for so many examples. What was there is lost if the room grows.
    void reserve(std::int64_t rows, const Widths &widths) {
        if (rows <= room_) return;
        room_ = rows;
        std::size_t end = 0;
        const auto place = [&](std::size_t &begin, std::int64_t width, std::size_t bytes) {
            begin = end;
            end += aligned(static_cast<std::size_t>(rows * width) * bytes);
        };
        place(x_, widths.inputs, sizeof(float));
        place(dx_, widths.inputs, sizeof(float));
        place(outputs_, widths.outputs, sizeof(float));
        place(cotangent_, widths.outputs, sizeof(float));
        place(mask_, widths.positions, sizeof(float));
        place(tokens_, widths.positions, sizeof(std::int64_t));
        memory_.grow(end);
    }

    int file() const { return memory_.file(); }
    std::int64_t room() const { return room_; }
    float *x() const { return memory_.at<float>(x_); }
    float *dx() const { return memory_.at<float>(dx_); }
    float *outputs() const { return memory_.at<float>(outputs_); }
    float *cotangent() const { return memory_.at<float>(cotangent_); }
    float *mask() const { return memory_.at<float>(mask_); }
    std::int64_t *tokens() const { return memory_.at<std::int64_t>(tokens_); }

    std::int64_t rows = 0;  // of the pass that it recorded; 0: none

  private:
    SharedMemory memory_;
    std::int64_t room_ = 0;
    std::size_t x_ = 0, dx_ = 0, outputs_ = 0, cotangent_ = 0, mask_ = 0, tokens_ = 0;
};

}  // namespace python
