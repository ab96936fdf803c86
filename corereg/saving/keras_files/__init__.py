"""Keras's files, written and read: `.keras` and `.weights.h5`, in the layout of Keras 3.15.

A `.keras` file is a zip file of metadata.json, config.json and model.weights.h5. In config.json
each part is described as {"module", "class_name", "config", "registered_name"}; in the HDF5 file
the weights of each layer lie under the way to it from the model.

    parts_out, graph_out    what corereg's configs become in Keras's
    parts_in, graph_in      and back
    lacking                 what Keras does not have, and who is told so
    op_classes              the classes that Keras makes of calls of functions in a graph
    weight_paths            where in the HDF5 file each layer has its weights
    optimizer_state         an optimizer's state in Keras's order
    hdf5, container         the HDF5 file and the zip file
    model_files             save and load
    object_form             serialize_keras_object and deserialize_keras_object
"""
