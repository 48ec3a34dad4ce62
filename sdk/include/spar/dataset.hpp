// Write a dataset: examples by index, the same bytes for the same index.
#pragma once

#include <spar/component.hpp>
#include <spar/tensor.hpp>

namespace SPAR_HIDDEN spar {

/// What a dataset holds, see spar_dataset_info.
struct DatasetInfo {
    std::int64_t size = 0;            /// examples
    std::vector<std::int64_t> shape;  /// of one example
    std::int64_t outputs = 0;         /// classes, or target values per example
    spar_input_kind input = SPAR_INPUT_VALUES;
    spar_target_kind target = SPAR_TARGET_CLASS;
    std::int64_t vocabulary = 0;  /// for tokens
    double lower = 0, upper = 1;  /// the box of the values
};

/// Where one example goes. Spans that do not apply are empty.
struct ExampleOut {
    std::span<float> x;              /// values; none of these three for text
    std::span<std::int64_t> tokens;  /// or tokens with their mask
    std::span<float> mask;
    std::int64_t *label;      /// class
    std::span<float> values;  /// or target values
};

/// Base of a dataset. info() is called first, and again with every batch, so let it open the files
/// only once; then read() for the examples of a batch, in any order and as often as needed. There
/// is never more than one call at a time. read() fills what info() announced:
///
///     void read(std::int64_t index, const spar::ExampleOut &out) override {
///         std::ranges::copy(images_[index], out.x.begin());
///         *out.label = labels_[index];
///     }
class Dataset : public Component {
  public:
    using Kind = Dataset;
    static constexpr spar_kind kind = SPAR_KIND_DATASET;

    /// Opens the files (configure() has run); throws bad_data if they are broken or empty.
    virtual DatasetInfo info() = 0;
    virtual void read(std::int64_t index, const ExampleOut &out) = 0;
    /// Of an example, if the input is SPAR_INPUT_TEXT; read() then fills in targets only.
    virtual std::string text(std::int64_t) { return {}; }
    /// Files that the examples come from.
    virtual std::vector<std::string> files() const { return {}; }
    virtual std::string class_name(std::int64_t) const { return {}; }
    /// The text of a token, or empty.
    virtual std::string token(std::int64_t) const { return {}; }

    using Record::read;
    static const spar_dataset_table *table();

  private:
    std::string text_;  // backs the pointers that the table's functions return
};

inline const spar_dataset_table *Dataset::table() {
    static const spar_dataset_table functions{
        .struct_size = sizeof(spar_dataset_table),
        .reserved = 0,
        .info =
            [](void *self, spar_dataset_info *out, spar_error *error) {
                return guarded(error, [&] {
                    const DatasetInfo info = static_cast<Dataset *>(self)->info();
                    if (info.shape.size() > SPAR_MAX_RANK) throw invalid("too many dimensions");
                    out->input = info.input;
                    out->target = info.target;
                    out->rank = static_cast<std::int32_t>(info.shape.size());
                    out->size = info.size;
                    std::copy(info.shape.begin(), info.shape.end(), out->shape);
                    out->outputs = info.outputs;
                    out->vocabulary = info.vocabulary;
                    out->lower = info.lower;
                    out->upper = info.upper;
                });
            },
        .read =
            [](void *self, const std::int64_t *indices, std::int64_t count, DLTensor *x,
               DLTensor *mask, std::int64_t *labels, float *values, spar_error *error) {
                return guarded(error, [&] {
                    if (count == 0) return;
                    const DatasetInfo info = static_cast<Dataset *>(self)->info();
                    const std::int64_t width = x != nullptr ? product(info.shape) : 0;
                    const auto size = static_cast<std::size_t>(width);
                    for (std::int64_t i = 0; i < count; ++i) {
                        if (indices[i] < 0 || indices[i] >= info.size)
                            throw invalid("example " + std::to_string(indices[i]) +
                                          " was asked of " + std::to_string(info.size));
                        ExampleOut out{};
                        if (info.input == SPAR_INPUT_TOKENS) {
                            out.tokens = {static_cast<std::int64_t *>(x->data) + i * width, size};
                            out.mask = {static_cast<float *>(mask->data) + i * width, size};
                        } else if (info.input == SPAR_INPUT_VALUES) {
                            out.x = {static_cast<float *>(x->data) + i * width, size};
                        }
                        out.label = labels != nullptr ? labels + i : nullptr;
                        if (values != nullptr)
                            out.values = {values + i * info.outputs,
                                          static_cast<std::size_t>(info.outputs)};
                        static_cast<Dataset *>(self)->read(indices[i], out);
                    }
                });
            },
        .file = [](void *self, std::int64_t index) -> const char * {
            auto *dataset = static_cast<Dataset *>(self);
            const std::vector<std::string> files = dataset->files();
            if (index < 0 || index >= static_cast<std::int64_t>(files.size())) return nullptr;
            dataset->text_ = files[static_cast<std::size_t>(index)];
            return dataset->text_.c_str();
        },
        .class_name = [](void *self, std::int64_t index) -> const char * {
            auto *dataset = static_cast<Dataset *>(self);
            dataset->text_ = dataset->class_name(index);
            return dataset->text_.empty() ? nullptr : dataset->text_.c_str();
        },
        .token = [](void *self, std::int64_t index) -> const char * {
            auto *dataset = static_cast<Dataset *>(self);
            dataset->text_ = dataset->token(index);
            return dataset->text_.empty() ? nullptr : dataset->text_.c_str();
        },
        .text =
            [](void *self, std::int64_t index, const char **text, spar_error *error) {
                return guarded(error, [&] {
                    auto *dataset = static_cast<Dataset *>(self);
                    dataset->text_ = dataset->text(index);
                    if (dataset->text_.find('\0') != std::string::npos)
                        throw bad_data("the text of example " + std::to_string(index) +
                                       " holds a zero byte");
                    *text = dataset->text_.c_str();
                });
            }};
    return &functions;
}

}  // namespace spar
