// Write a model: outputs from inputs, and gradients pulled back. See abi/model.h for what each call
// must do; this class only turns the table into virtual functions.
#pragma once

#include <spar/component.hpp>
#include <spar/tensor.hpp>

namespace SPAR_HIDDEN spar {

/// Base of a model. The host calls setup() once, with the shape of the data, reads the parameters'
/// memory through parameter(), and then calls pass() for training, attacks and evaluation, one call
/// at a time. `sequential` builds most networks; derive from this for another engine.
class Model : public Component {
  public:
    using Kind = Model;
    static constexpr spar_kind kind = SPAR_KIND_MODEL;

    virtual void setup(const spar_model_setup &setup) = 0;
    virtual std::int64_t outputs() const = 0;
    virtual std::int64_t parameter_count() const = 0;
    /// Fills everything but struct_size.
    virtual void parameter(std::int64_t index, spar_parameter &parameter) = 0;
    virtual void parameters_changed() = 0;
    virtual void pass(const spar_pass &pass) = 0;
    virtual void backward(std::int32_t tape, const float *cotangent, spar_wants wants,
                          float *dx) = 0;
    /// A table whose functions take this object, as Model *, as `self`; null: not offered.
    virtual const void *extension(std::string_view) { return nullptr; }
    virtual spar_model_traits traits() const { return 0; }

    static const spar_model_table *table();
};

inline const spar_model_table *Model::table() {
    static const spar_model_table functions{
        .struct_size = sizeof(spar_model_table),
        .reserved = 0,
        .setup =
            [](void *self, const spar_model_setup *setup, spar_error *error) {
                return guarded(error, [&] { static_cast<Model *>(self)->setup(*setup); });
            },
        .outputs = [](void *self) { return static_cast<Model *>(self)->outputs(); },
        .parameter_count = [](void *self) { return static_cast<Model *>(self)->parameter_count(); },
        .parameter =
            [](void *self, std::int64_t index, spar_parameter *parameter, spar_error *error) {
                return guarded(error,
                               [&] { static_cast<Model *>(self)->parameter(index, *parameter); });
            },
        .parameters_changed = [](void *self) { static_cast<Model *>(self)->parameters_changed(); },
        .pass =
            [](void *self, const spar_pass *pass, spar_error *error) {
                return guarded(error, [&] { static_cast<Model *>(self)->pass(*pass); });
            },
        .backward =
            [](void *self, std::int32_t tape, const float *cotangent, spar_wants wants, float *dx,
               spar_error *error) {
                return guarded(error, [&] {
                    static_cast<Model *>(self)->backward(tape, cotangent, wants, dx);
                });
            },
        .extension = [](void *self,
                        const char *id) { return static_cast<Model *>(self)->extension(id); },
        .traits = [](void *self) { return static_cast<const Model *>(self)->traits(); }};
    return &functions;
}

}  // namespace spar
